//! Binding of the fields of an object to types: each is found by its name and read by the rule of its type. Problems are
//! collected, so that one response reports them all. The differences between the sources of objects are a table, [`Source`].

mod recurrence;
mod schema;
mod shape;

use std::collections::HashSet;
use std::fmt::Display;
use std::mem;
use std::str::FromStr;

use schemars::{Schema, SchemaGenerator};
use serde_json::Value as Json;
use uuid::Uuid;

pub use recurrence::recurrence;
pub use schema::{SentAs, limit, or_blank, with_example};
pub(crate) use shape::shape;
pub use shape::{Item, List, Located, Part, Places, Shape};

use crate::domain::input::FieldValue;
use crate::domain::node::{Content, Key, Node};
use crate::domain::record::{ChangeSource, Field};
use crate::domain::text::{nearest, quoted};
use crate::domain::value::{Empty, FromNode, Kind, Mismatch, Value};
use crate::domain::{Patch, Place, Problem, Problems, Restore, ScheduleId};
use schema::SchemaBuilder;

/// The differences between the sources of objects.
#[derive(Debug)]
pub struct Source {
    /// The meaning of null.
    null: Null,
    /// Whether numbers and booleans are sent as strings, as in forms; an empty string counts as absent.
    is_text: bool,
    /// Which names a field can have.
    names: Names,
    /// Whether problems are reported with the position of the value that they are about.
    is_located: bool,
    /// Whether the program itself wrote the object: values are restored, and no rule is checked.
    is_kept: bool,
}

/// The names that a field can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Names {
    /// The documented one in any letter case; fields with other names are ignored.
    AnyCase,
    /// The documented one. Unknown names are problems, and so are duplicates.
    Exact,
}

/// The meaning of null.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Null {
    /// The field goes back to unset, or to its default.
    Clears,
    /// The field counts as absent.
    Ignored,
}

/// Bodies of the account API.
pub const BODY: Source = Source {
    null: Null::Clears,
    is_text: false,
    names: Names::AnyCase,
    is_located: false,
    is_kept: false,
};

/// Forms of the console, which stand for bodies of the account API.
pub const CONSOLE_FORM: Source = Source {
    is_text: true,
    ..BODY
};

/// JSON bodies of the companion API.
pub const USERS_BODY: Source = Source {
    null: Null::Ignored,
    ..BODY
};

/// Forms of the companion API.
pub const USERS_FORM: Source = Source {
    is_text: true,
    ..USERS_BODY
};

/// The query of `/Register`.
pub const QUERY: Source = USERS_FORM;

/// Bodies of the control API.
pub const CONTROL: Source = Source {
    names: Names::Exact,
    ..USERS_BODY
};

/// Queries of the control API.
pub const CONTROL_QUERY: Source = Source {
    is_text: true,
    ..CONTROL
};

/// Seeds.
pub const SEED: Source = Source {
    is_located: true,
    ..CONTROL
};

/// Documents that the program saved. Unknown fields are ignored, so that a later version need not know fields that it no longer
/// has.
pub const KEPT: Source = Source {
    is_kept: true,
    ..USERS_BODY
};

/// The fields of one object. Each is read by its name, in the order of the documentation.
#[derive(Debug)]
pub struct Fields<'n> {
    entries: &'n [(Key, Node)],
    /// The position of the object.
    place: Option<&'n Place>,
    source: &'static Source,
    problems: Problems,
    /// The names of the fields read so far, if no others are allowed.
    known: Vec<String>,
    /// The schema of the fields read so far, if the object is being described.
    schema: Option<SchemaBuilder>,
}

/// The entries of an object that was sent, or the problems that kept it from being parsed.
pub type Entries = Result<Vec<(Key, Node)>, Problems>;

/// Parses a JSON body, which has to be an object.
pub fn entries(body: &[u8]) -> Entries {
    let message = match serde_json::from_slice::<Node>(body) {
        Ok(Node {
            content: Content::Object(entries),
            ..
        }) => return Ok(entries),
        Ok(other) => format!("the body must be a JSON object, not {}", other.content),
        Err(_) if body.is_empty() => "the body is empty; it must be a JSON object".to_owned(),
        Err(error) => format!("the body is not valid JSON: {error}"),
    };
    let mut problems = Problems::default();
    problems.malformed("", message);
    Err(problems)
}

/// Parses a form or a query. An empty field counts as absent, since ASP.NET binds it to null; of two fields with the same name,
/// the first counts.
pub fn form(form: &[u8]) -> Vec<(Key, Node)> {
    let mut entries: Vec<(Key, Node)> = Vec::new();
    for (name, text) in form_urlencoded::parse(form) {
        let is_known = |(key, _): &(Key, Node)| key.name.eq_ignore_ascii_case(&name);
        if !text.is_empty() && !entries.iter().any(is_known) {
            entries.push((Key::from(name), Content::Text(text.into_owned()).into()));
        }
    }
    entries
}

/// Binds an object, and returns its problems.
pub fn object<T>(
    entries: &[(Key, Node)],
    source: &'static Source,
    bind: impl FnOnce(&mut Fields<'_>) -> Option<T>,
) -> (Option<T>, Problems) {
    let mut fields = Fields::new(entries, None, source);
    let bound = bind(&mut fields);
    (bound, fields.finish())
}

/// Binds the objects of a list, which is a whole document; null counts as an empty one. Returns the problems of all of them.
pub fn list<T>(
    root: &Node,
    source: &'static Source,
    mut bind: impl FnMut(&mut Fields<'_>) -> Option<T>,
) -> (Vec<T>, Problems) {
    let mut fields = Fields::new(&[], None, source);
    let items = match &root.content {
        Content::Null => &[],
        Content::List(items) => items.as_slice(),
        other => {
            let message = format!("the document must be a list, not {other}");
            fields.add("", Some(root), message, true);
            &[]
        }
    };
    let bound = items
        .iter()
        .filter_map(|item| fields.part("", item, &mut bind)?);
    let bound = bound.collect();
    (bound, fields.problems)
}

/// Returns the schema of an object: all fields that its binding reads, which does not depend on the object's content.
pub fn describe<T>(
    generator: &mut SchemaGenerator,
    name: &str,
    example: &Json,
    sent_as: SentAs,
    bind: impl FnOnce(&mut Fields<'_>) -> Option<T>,
) -> Schema {
    let mut fields = Fields::new(&[], None, &BODY);
    fields.schema = Some(SchemaBuilder::new(mem::take(generator), sent_as));
    let _ = bind(&mut fields);
    let builder = fields.schema.expect("the binding keeps the builder");
    let schema;
    (schema, *generator) = builder.into_schema(name, example);
    schema
}

impl<'n> Fields<'n> {
    fn new(entries: &'n [(Key, Node)], place: Option<&'n Place>, source: &'static Source) -> Self {
        Self {
            entries,
            place: place.filter(|_| source.is_located),
            source,
            problems: Problems::default(),
            known: Vec::new(),
            schema: None,
        }
    }

    /// Returns all problems of the object, once all of its fields were read.
    fn finish(mut self) -> Problems {
        if self.source.names == Names::Exact {
            let mut names = HashSet::new();
            for (key, _) in self.entries {
                let name = quoted(&key.name);
                let message = if !self.known.contains(&key.name) {
                    let near = nearest(&key.name, &self.known);
                    let hint = near
                        .map_or_else(String::new, |near| format!("; the nearest one is {near}"));
                    format!("{name} is not a key here{hint}")
                } else if !names.insert(&key.name) {
                    format!("{name} is there twice")
                } else {
                    continue;
                };
                let place = self.source.is_located.then(|| key.place.clone());
                let problem = Problem {
                    place,
                    ..Problem::general(message)
                };
                self.problems.add(problem, true);
            }
        }
        self.problems
    }

    /// Binds a field of the object that is an object itself.
    fn part<T>(
        &mut self,
        name: &str,
        node: &Node,
        bind: impl FnOnce(&mut Fields<'_>) -> T,
    ) -> Option<T> {
        let Content::Object(entries) = &node.content else {
            let message = format!("must be an object, not {}", node.content);
            self.add(name, Some(node), message, true);
            return None;
        };
        let mut part = Fields::new(entries, Some(&node.place), self.source);
        let bound = bind(&mut part);
        let mut problems = part.finish();
        if !self.source.is_located {
            problems.prefix(name);
        }
        self.problems.append(problems);
        Some(bound)
    }
}

impl Fields<'_> {
    /// Adds a field and its type to the schema, altered by `alter`.
    fn describe<T: FromNode>(&mut self, name: &str, alter: impl FnOnce(Schema) -> Schema) {
        self.expect(name);
        if let Some(schema) = &mut self.schema {
            schema.field::<T>(name, alter);
        }
    }

    /// Adds a name to those that the object can have.
    fn expect(&mut self, name: &str) {
        if self.source.names == Names::Exact {
            self.known.push(name.to_owned());
        }
    }

    /// Adds a problem of a field whose value is `node`, or which is missing.
    fn add(&mut self, name: &str, node: Option<&Node>, message: String, is_malformed: bool) {
        let place = match node {
            Some(node) if self.source.is_located => Some(node.place.clone()),
            Some(_) => None,
            None => self.place.cloned(),
        };
        let field = name.to_owned();
        self.problems.add(
            Problem {
                field,
                place,
                message,
            },
            is_malformed,
        );
    }

    /// Returns whether all values are texts: those of a form or a query.
    pub fn is_text(&self) -> bool {
        self.source.is_text
    }

    /// Adds a problem that keeps a value from being bound.
    pub fn wrong<T>(&mut self, name: &str, node: &Node, message: String) -> Located<T> {
        self.add(name, Some(node), message, true);
        Located::Invalid
    }

    /// Marks a field as required in the schema.
    pub fn require(&mut self, name: &str) {
        if let Some(schema) = &mut self.schema {
            schema.require(name);
        }
    }

    /// Marks one of two fields as required in the schema.
    pub fn require_either(&mut self, names: [&str; 2]) {
        if let Some(schema) = &mut self.schema {
            schema.require_either(names);
        }
    }

    /// Describes in the schema that the object is one of several kinds: the value of `name` decides which, and thereby which
    /// fields are required.
    pub fn kinds<const N: usize>(
        &mut self,
        name: &str,
        kinds: [(&'static str, &[&'static str]); N],
    ) {
        if let Some(schema) = &mut self.schema {
            schema.kinds(name, &kinds);
        }
    }

    /// Adds an optional field to the schema.
    fn describe_optional<T: FromNode>(&mut self, name: &str) {
        self.describe::<T>(name, |schema| match T::EMPTY {
            Empty::Nothing => schema::or_null(schema),
            Empty::Blank | Empty::Nil => schema::or_null(schema::or_blank(schema)),
            Empty::Zero => schema::or_null(schema::or_zero(schema)),
        });
        if let (Empty::Zero, Some(schema)) = (T::EMPTY, &mut self.schema) {
            schema.zero(name);
        }
    }

    /// Reads a field as a change: the field is kept where it is absent, or its value counts as absent.
    pub fn patch_of<T: FromNode>(&mut self, name: &str) -> Patch<T> {
        self.describe_optional::<T>(name);
        let node = self.get(name);
        self.patched(name, node)
    }

    fn patched<T: FromNode>(&mut self, name: &str, node: Option<&Node>) -> Patch<T> {
        match node {
            None => Patch::Keep,
            Some(node) if node.is_null() => match self.source.null {
                Null::Clears => Patch::Clear,
                Null::Ignored => Patch::Keep,
            },
            Some(node) => match self.read(name, node) {
                FieldValue::Value(value) => Patch::Set(value),
                FieldValue::Absent | FieldValue::Invalid => Patch::Keep,
            },
        }
    }

    /// Reads a field that some objects require and others must not have.
    pub fn value<T: FromNode>(&mut self, name: &str) -> FieldValue<T> {
        self.describe_optional::<T>(name);
        match self.get(name) {
            Some(node) if !node.is_null() => self.read(name, node),
            _ => FieldValue::Absent,
        }
    }

    /// Reads a required field. If it is missing, null or blank, the object cannot be bound.
    pub fn required<T: FromNode>(&mut self, name: &str) -> Option<T> {
        self.describe::<T>(name, |schema| match T::EMPTY {
            Empty::Nil => schema::not_nil(schema),
            _ => schema::not_blank(schema),
        });
        self.require(name);
        let node = self
            .get(name)
            .filter(|node| !node.is_null() && !node.is_blank());
        let value = node.map_or(FieldValue::Absent, |node| self.read(name, node));
        match value {
            FieldValue::Value(value) => Some(value),
            FieldValue::Absent => self.malformed(name, "is required"),
            FieldValue::Invalid => None,
        }
    }

    /// Reads a required string, which may be empty.
    pub fn given<T: FromNode>(&mut self, name: &str) -> Option<T> {
        self.describe::<T>(name, |schema| schema);
        self.require(name);
        match self.patched(name, self.get(name)) {
            Patch::Set(value) => Some(value),
            Patch::Keep if self.is_given(name) => None,
            Patch::Keep | Patch::Clear => self.malformed(name, "is required; it may be empty"),
        }
    }

    /// Reads a field as a change that may keep it, but not clear it.
    pub fn kept<T: FromNode>(&mut self, name: &str) -> Patch<T> {
        self.describe::<T>(name, |schema| schema::or_null(schema::not_blank(schema)));
        match self.get(name) {
            Some(node) if node.is_blank() => self
                .malformed(name, "must not be blank")
                .unwrap_or_default(),
            Some(node) if !node.is_null() => self.patched(name, Some(node)),
            _ => Patch::Keep,
        }
    }

    /// Reads a value by the rule of its type.
    fn read<T: FromNode>(&mut self, name: &str, node: &Node) -> FieldValue<T> {
        let typed = self.source.typed::<T>(node);
        match T::read(typed.as_ref().unwrap_or(node)) {
            Ok(Some(value)) => FieldValue::Value(value),
            Ok(None) => FieldValue::Absent,
            Err(mismatch) => {
                self.mismatch::<T>(name, node, mismatch);
                FieldValue::Invalid
            }
        }
    }

    /// Restores a value that the program saved.
    fn restore<T: Restore>(&mut self, name: &str, node: &Node) -> FieldValue<T> {
        if let Some(value) = node.kept().and_then(T::restore) {
            return FieldValue::Value(value);
        }
        let message = "is no value that this program kept".to_owned();
        self.add(name, Some(node), message, true);
        FieldValue::Invalid
    }

    fn mismatch<T: FromNode>(&mut self, name: &str, node: &Node, mismatch: Mismatch) {
        let Mismatch {
            is_malformed,
            mut message,
        } = mismatch;
        // A value that YAML takes for a number or a boolean was often meant as a string.
        let is_unquoted = matches!(
            node.content,
            Content::Flag(_) | Content::Whole(_) | Content::Fraction(_)
        );
        if self.source.is_located && T::KIND == Kind::Text && is_unquoted {
            message.push_str(" (quote what is meant as a text)");
        }
        self.add(name, Some(node), message, is_malformed);
    }

    /// Checks only whether a value can be bound, not whether it obeys its rule.
    fn check_form<T: FromNode>(&mut self, name: &str, node: &Node) {
        if let Err(mismatch) = T::read(node)
            && mismatch.is_malformed
        {
            self.mismatch::<T>(name, node, mismatch);
        }
    }

    /// Checks a read-only field that is also part of the path: it may be left out, but must not contradict the path. `read`
    /// returns `None` for a value that counts as absent.
    pub fn agrees<T: PartialEq + Display>(
        &mut self,
        name: &str,
        path: Option<&T>,
        read: impl FnOnce(&Node) -> Result<Option<T>, String>,
    ) {
        let Some(path) = path else { return };
        match self.get(name).map(read) {
            None | Some(Ok(None)) => {}
            Some(Ok(Some(value))) if value == *path => {}
            Some(Ok(Some(value))) => {
                let message = format!("{value} contradicts the path, which says {path}");
                self.problems.refused(name, message);
            }
            Some(Err(message)) => self.problems.refused(name, message),
        }
    }

    /// Returns whether a read-only boolean is sent as `true`; any other value is ignored.
    pub fn is_true(&self, name: &str) -> bool {
        let node = self.get(name);
        node.is_some_and(|node| node.content == Content::Flag(true))
    }

    /// Returns whether a field is present and not null. Every field counts as present while an object is described.
    pub fn is_given(&self, name: &str) -> bool {
        self.schema.is_some() || self.get(name).is_some_and(|node| !node.is_null())
    }

    /// Adds problems that were found in several fields together.
    pub fn append(&mut self, mut problems: Problems) {
        if self.source.is_located {
            problems.locate(|name| {
                self.get(name)
                    .map(|node| &node.place)
                    .or(self.place)
                    .cloned()
            });
        }
        self.problems.append(problems);
    }

    /// Returns whether the program itself wrote the object.
    pub fn is_kept(&self) -> bool {
        self.source.is_kept
    }

    /// Adds a problem that keeps the object from being bound.
    pub fn malformed<T>(&mut self, name: &str, message: impl Into<String>) -> Option<T> {
        self.add(name, self.find(name), message.into(), true);
        None
    }
}

impl<'n> Fields<'n> {
    /// Returns a field by its name: the last one that is spelled as documented, or else the first in any letter case.
    fn get(&self, name: &str) -> Option<&'n Node> {
        let mut last_first = self.entries.iter().rev();
        let documented = last_first.find(|(key, _)| key.name == name);
        let in_any_case = || {
            if self.source.names == Names::Exact {
                return None;
            }
            let mut entries = self.entries.iter();
            entries.find(|(key, _)| key.name.eq_ignore_ascii_case(name))
        };
        let (_, node) = documented.or_else(in_any_case)?;
        Some(node)
    }

    /// Returns a field by a path such as `effect.status`, or the innermost object on that path.
    fn find(&self, path: &str) -> Option<&'n Node> {
        let mut names = path.split('.');
        let mut found = self.get(names.next()?)?;
        for name in names {
            let Content::Object(entries) = &found.content else {
                break;
            };
            match entries.iter().find(|(key, _)| key.name == name) {
                Some((_, node)) => found = node,
                None => break,
            }
        }
        Some(found)
    }
}

/// Combines each field with its `…Specified` flag. The flag is evaluated before the field's rule: generated clients send a 0
/// that breaks the rule, and a flag that says to ignore it.
impl ChangeSource for Fields<'_> {
    fn patch<T: Value>(&mut self, field: &Field<T>) -> Patch<T> {
        let Field { name, has_flag, .. } = *field;
        if self.source.is_kept {
            return match self.get(name).filter(|node| !node.is_null()) {
                Some(node) => self
                    .restore(name, node)
                    .value()
                    .map_or(Patch::Keep, Patch::Set),
                None => Patch::Keep,
            };
        }
        if (field.unset)().is_none() {
            return self.kept(name);
        }
        if !has_flag {
            return self.patch_of(name);
        }
        self.describe_optional::<T>(name);
        if self
            .schema
            .as_ref()
            .is_some_and(SchemaBuilder::describes_responses)
        {
            return Patch::Keep;
        }
        let flag = self.patch_of::<bool>(&format!("{name}Specified"));
        match (flag, self.get(name)) {
            (Patch::Set(false), Some(node)) if !node.is_null() => {
                self.check_form::<T>(name, node);
                Patch::Keep
            }
            (Patch::Set(false), _) => Patch::Keep,
            (Patch::Set(true), None) => Patch::Clear,
            (_, node) => self.patched(name, node),
        }
    }
}

/// The fields of a new object, of which those without a default are required.
#[derive(Debug)]
pub struct NewFields<'f, 'n>(pub &'f mut Fields<'n>);

impl ChangeSource for NewFields<'_, '_> {
    fn patch<T: Value>(&mut self, field: &Field<T>) -> Patch<T> {
        if (field.unset)().is_some() || self.0.source.is_kept {
            return self.0.patch(field);
        }
        let value = self.0.required(field.name);
        value.map_or(Patch::Keep, Patch::Set)
    }
}

impl Source {
    /// Returns the number or boolean that a string of a form stands for, or `None` if the value is to be read as it is.
    fn typed<T: FromNode>(&self, node: &Node) -> Option<Node> {
        let Content::Text(text) = &node.content else {
            return None;
        };
        if !self.is_text {
            return None;
        }
        let text = text.trim();
        let content = match T::KIND {
            Kind::Text => None,
            Kind::Number => text.parse().map(Content::Whole).ok(),
            Kind::Flag => text.to_ascii_lowercase().parse().map(Content::Flag).ok(),
        };
        Some(Node {
            content: content?,
            place: node.place.clone(),
        })
    }
}

/// Reads a GUID from a read-only field; an empty or all-zero one counts as absent.
pub fn guid<G: FromStr<Err = String> + From<Uuid> + PartialEq>(
    node: &Node,
) -> Result<Option<G>, String> {
    match &node.content {
        Content::Null => Ok(None),
        Content::Text(text) if text.trim().is_empty() => Ok(None),
        Content::Text(text) => text
            .parse()
            .map(|guid| (guid != G::from(Uuid::nil())).then_some(guid)),
        other => Err(format!("{other} is not a GUID")),
    }
}

/// Reads the Id of a schedule from a read-only field; 0 counts as absent.
pub fn id(node: &Node) -> Result<Option<ScheduleId>, String> {
    match (&node.content, node.whole()) {
        (Content::Null, _) | (_, Ok(0)) => Ok(None),
        (_, Ok(id)) => Ok(Some(ScheduleId::named(id))),
        (Content::Text(text), _) => Err(format!("{} is not an Id", quoted(text))),
        (other, _) => Err(format!("{other} is not an Id")),
    }
}
