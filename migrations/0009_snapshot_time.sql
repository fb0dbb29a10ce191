-- When a state was given its name. Those of earlier versions do not say.
alter table snapshot add column taken text;

pragma user_version = 9;
