//! Forms: described once, and then shown, bound and shown again with what is wrong with them. A form is bound as the JSON
//! object that the API would get, so that both obey the same rules in the same words.

use serde_json::{Map, Number, Value};

use crate::domain::Problem;
use crate::error::Error;
use crate::status::sentence;

/// The fields of a form that was sent, in their order.
#[derive(Debug, Clone, Default)]
pub struct FormData(Vec<(String, String)>);

impl FormData {
    pub fn parse(body: &[u8]) -> Self {
        Self(form_urlencoded::parse(body).into_owned().collect())
    }

    /// A field, without the `\r` that browsers add to the ends of lines.
    pub fn get(&self, name: &str) -> Option<String> {
        let (_, value) = self.0.iter().find(|(key, _)| key == name)?;
        Some(value.replace("\r\n", "\n"))
    }

    /// A field with something in it.
    pub fn filled(&self, name: &str) -> Option<String> {
        self.get(name).filter(|value| !value.trim().is_empty())
    }
}

/// A form with all that is wrong with it.
#[derive(Debug, Default)]
pub struct Form {
    pub groups: Vec<Group>,
    /// What is wrong and belongs to no field.
    pub messages: Vec<String>,
}

#[derive(Debug)]
pub struct Group {
    pub title: &'static str,
    pub fields: Vec<FormField>,
}

#[derive(Debug)]
pub struct FormField {
    /// Its name in the JSON object; dots lead into objects in it.
    pub name: &'static str,
    pub label: &'static str,
    pub hint: &'static str,
    pub look: Look,
    kind: Kind,
    pub is_required: bool,
    pub autocomplete: &'static str,
    /// `name=value,value`: the script shows it only while the field of that name has one of the values.
    pub shown_for: &'static str,
    pub value: String,
    /// Whether the form that was sent had it.
    is_sent: bool,
    pub messages: Vec<String>,
}

/// What a field looks like.
#[derive(Debug)]
pub enum Look {
    /// An input of this type.
    Line(&'static str),
    /// A text of many lines.
    Area,
    Check,
    /// One of these, each with its label.
    Choice(Vec<(String, String)>),
}

/// What a field is in the JSON object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A text; an empty field is left out.
    Text,
    /// A text that may be empty.
    AnyText,
    Number,
    Flag,
    /// Any JSON.
    Json,
    /// Nothing: it is for the page alone.
    Aside,
}

impl FormField {
    fn new(name: &'static str, label: &'static str, look: Look, kind: Kind) -> Self {
        Self {
            name,
            label,
            hint: "",
            look,
            kind,
            is_required: false,
            autocomplete: "off",
            shown_for: "",
            value: String::new(),
            is_sent: false,
            messages: Vec::new(),
        }
    }

    pub fn text(name: &'static str, label: &'static str) -> Self {
        Self::new(name, label, Look::Line("text"), Kind::Text)
    }

    /// A text that counts even if it is empty.
    pub fn any_text(name: &'static str, label: &'static str) -> Self {
        Self::new(name, label, Look::Line("text"), Kind::AnyText)
    }

    pub fn line(input: &'static str, name: &'static str, label: &'static str) -> Self {
        Self::new(name, label, Look::Line(input), Kind::Text)
    }

    pub fn area(name: &'static str, label: &'static str) -> Self {
        Self::new(name, label, Look::Area, Kind::Text)
    }

    pub fn json(name: &'static str, label: &'static str) -> Self {
        Self::new(name, label, Look::Area, Kind::Json)
    }

    pub fn number(name: &'static str, label: &'static str) -> Self {
        Self::new(name, label, Look::Line("number"), Kind::Number)
    }

    pub fn check(name: &'static str, label: &'static str) -> Self {
        Self::new(name, label, Look::Check, Kind::Flag)
    }

    /// One of a set of words; `unset` is what the empty one is called.
    pub fn word(
        name: &'static str,
        label: &'static str,
        unset: Option<&str>,
        words: &[&str],
    ) -> Self {
        let unset = unset.map(|unset| (String::new(), unset.to_owned()));
        let words = words
            .iter()
            .map(|word| ((*word).to_owned(), (*word).to_owned()));
        let choices = unset.into_iter().chain(words).collect();
        Self::new(name, label, Look::Choice(choices), Kind::Text)
    }

    /// One of a set of words that are shown otherwise than they are written.
    pub fn choice(name: &'static str, label: &'static str, choices: &[(&str, &str)]) -> Self {
        let choices = choices
            .iter()
            .map(|(value, label)| ((*value).to_owned(), (*label).to_owned()));
        Self::new(name, label, Look::Choice(choices.collect()), Kind::Text)
    }

    /// A choice that says how the other fields are to be taken, and is no field of the object.
    pub fn aside(name: &'static str, label: &'static str, choices: &[(&str, &str)]) -> Self {
        Self {
            kind: Kind::Aside,
            ..Self::choice(name, label, choices)
        }
    }

    /// One of a set of numbers, or none.
    pub fn numbered(
        name: &'static str,
        label: &'static str,
        unset: &str,
        choices: impl IntoIterator<Item = (i32, String)>,
    ) -> Self {
        let unset = (String::new(), unset.to_owned());
        let choices = choices
            .into_iter()
            .map(|(number, label)| (number.to_string(), label));
        let choices = [unset].into_iter().chain(choices).collect();
        Self::new(name, label, Look::Choice(choices), Kind::Number)
    }

    /// A boolean that may be unset.
    pub fn optional_flag(name: &'static str, label: &'static str) -> Self {
        let choices = [("", "Account default"), ("true", "Yes"), ("false", "No")];
        Self {
            kind: Kind::Flag,
            ..Self::choice(name, label, &choices)
        }
    }

    #[must_use]
    pub fn required(self) -> Self {
        Self {
            is_required: true,
            ..self
        }
    }

    #[must_use]
    pub fn hint(self, hint: &'static str) -> Self {
        Self { hint, ..self }
    }

    #[must_use]
    pub fn autocomplete(self, autocomplete: &'static str) -> Self {
        Self {
            autocomplete,
            ..self
        }
    }

    #[must_use]
    pub fn shown_for(self, shown_for: &'static str) -> Self {
        Self { shown_for, ..self }
    }

    #[must_use]
    pub fn value(self, value: impl Into<String>) -> Self {
        Self {
            value: value.into(),
            ..self
        }
    }

    pub fn id(&self) -> String {
        self.name.replace('.', "-")
    }

    pub fn is_check(&self) -> bool {
        matches!(self.look, Look::Check)
    }

    /// The Ids of what is written below the field.
    pub fn described_by(&self) -> String {
        let mut ids = Vec::new();
        if !self.messages.is_empty() {
            ids.push(self.id() + "-error");
        }
        if !self.hint.is_empty() {
            ids.push(self.id() + "-hint");
        }
        ids.join(" ")
    }

    /// What the field says, in JSON; nothing, if it is left out.
    fn json_value(&self) -> Option<Value> {
        let text = match self.look {
            // A password may consist of blanks.
            Look::Line("password") => &self.value,
            _ => self.value.trim(),
        };
        match self.kind {
            Kind::Aside => None,
            Kind::AnyText => Some(self.value.as_str().into()),
            Kind::Flag if matches!(self.look, Look::Check) => Some((text == "true").into()),
            _ if text.is_empty() => None,
            Kind::Text if self.look.is_date_time() && text.len() == "2026-01-01T08:00".len() => {
                // Browsers leave out seconds that are zero; the API does not.
                Some(format!("{text}:00").into())
            }
            Kind::Text => Some(self.value.as_str().into()),
            // What is no number is for the binder to refuse.
            Kind::Number => Some(text.parse::<Number>().map_or(text.into(), Value::Number)),
            Kind::Flag => Some(text.parse::<bool>().map_or(text.into(), Value::Bool)),
            Kind::Json => Some(serde_json::from_str(text).unwrap_or_else(|_| text.into())),
        }
    }
}

impl Look {
    fn is_date_time(&self) -> bool {
        matches!(self, Self::Line("datetime-local"))
    }
}

impl Form {
    pub fn new<const N: usize>(fields: [FormField; N]) -> Self {
        Self::default().group("", fields)
    }

    #[must_use]
    pub fn group<const N: usize>(mut self, title: &'static str, fields: [FormField; N]) -> Self {
        self.groups.push(Group {
            title,
            fields: fields.into(),
        });
        self
    }

    fn fields(&mut self) -> impl Iterator<Item = &mut FormField> {
        self.groups.iter_mut().flat_map(|group| &mut group.fields)
    }

    /// The form with what was sent.
    #[must_use]
    pub fn sent(mut self, sent: &FormData) -> Self {
        for field in self.fields() {
            let value = sent.get(field.name);
            // A browser sends nothing of a box that is not ticked, so what tells that it was shown goes with it.
            let is_shown = || sent.get(&format!("shown-{}", field.name)).is_some();
            field.is_sent = value.is_some() || field.is_check() && is_shown();
            field.value = match field.look {
                Look::Check => value.is_some().to_string(),
                _ => value.unwrap_or_default(),
            };
        }
        self
    }

    /// The form with what an object of the API holds.
    #[must_use]
    pub fn filled(mut self, object: &Value) -> Self {
        for field in self.fields() {
            field.value = match &object[field.name] {
                Value::Null => String::new(),
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
        }
        self
    }

    /// The JSON object that the API would get.
    pub fn object(&self) -> Value {
        let mut object = Map::new();
        for field in self.groups.iter().flat_map(|group| &group.fields) {
            if let Some(value) = field.json_value() {
                put(&mut object, field.name, value);
            }
        }
        Value::Object(object)
    }

    /// The JSON object that changes what the form shows, as a PATCH does: a field that the form lacks stays as it is, and an
    /// empty one goes back to its default.
    pub fn change(&self) -> Value {
        let mut object = Map::new();
        for field in self.groups.iter().flat_map(|group| &group.fields) {
            let value = match field.json_value() {
                Some(value) => value,
                // Nobody sees a password, and so nobody takes it away.
                None if matches!(field.look, Look::Line("password")) => continue,
                None if field.is_required => "".into(),
                None => Value::Null,
            };
            if field.is_sent {
                put(&mut object, field.name, value);
            }
        }
        Value::Object(object)
    }

    /// The form with what is wrong with it: each message beside the field that it names. An error that has no messages of
    /// the request is given back.
    pub fn told(mut self, error: Error) -> Result<Self, Error> {
        match error {
            Error::Malformed(problems) | Error::Refused(problems) => {
                for problem in &problems {
                    self.tell(problem);
                }
                Ok(self)
            }
            other => Err(other),
        }
    }

    fn tell(&mut self, problem: &Problem) {
        let field = self.fields().find(|field| field.name == problem.field);
        match field {
            // A mistake in a document is of use with its place alone.
            Some(field) if problem.place.is_none() => {
                field.messages.push(sentence(&problem.message));
            }
            Some(field) => field.messages.push(sentence(&problem.to_string())),
            None => self.messages.push(sentence(&problem.to_string())),
        }
    }

    /// The fields that something is wrong with, for the summary above the form.
    pub fn wrong(&self) -> Vec<&FormField> {
        self.groups
            .iter()
            .flat_map(|group| &group.fields)
            .filter(|field| !field.messages.is_empty())
            .collect()
    }

    pub fn is_wrong(&self) -> bool {
        !self.messages.is_empty() || !self.wrong().is_empty()
    }
}

fn put(object: &mut Map<String, Value>, name: &str, value: Value) {
    match name.split_once('.') {
        None => {
            object.insert(name.to_owned(), value);
        }
        Some((outer, rest)) => {
            let inner = object
                .entry(outer)
                .or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(inner) = inner {
                put(inner, rest, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Form, FormData, FormField};
    use crate::domain::Problem;
    use crate::error::Error;

    fn form() -> Form {
        Form::new([
            FormField::text("FullName", "Name"),
            FormField::any_text("Description", "Description"),
            FormField::number("effect.status", "Status"),
            FormField::number("effect.delayMs", "Delay"),
            FormField::check("IsOnDuty", "On duty"),
            FormField::optional_flag("UseNumericSender", "Numeric sender"),
            FormField::line("datetime-local", "StartDateTime", "Start"),
            FormField::json("effect.body", "Body"),
        ])
    }

    #[test]
    fn a_form_is_the_object_that_the_api_would_get() {
        let sent = FormData::parse(
            b"FullName=A+%3Cb%3E&effect.status=503&effect.delayMs=soon&IsOnDuty=on&UseNumericSender=false\
              &StartDateTime=2026-01-01T08%3A00&effect.body=%7B%22a%22%3A%0D%0A1%7D",
        );
        assert_eq!(
            form().sent(&sent).object(),
            json!({
                "FullName": "A <b>",
                "Description": "",
                "effect": {"status": 503, "delayMs": "soon", "body": {"a": 1}},
                "IsOnDuty": true,
                "UseNumericSender": false,
                "StartDateTime": "2026-01-01T08:00:00",
            })
        );
        assert_eq!(
            form().sent(&FormData::default()).object(),
            json!({"Description": "", "IsOnDuty": false})
        );
    }

    #[test]
    fn a_change_has_the_fields_that_were_sent_and_null_for_those_that_are_empty() {
        let sent =
            FormData::parse(b"FullName=&effect.status=&UseNumericSender=true&shown-IsOnDuty=");
        assert_eq!(
            form().sent(&sent).change(),
            json!({
                "FullName": null, "effect": {"status": null}, "IsOnDuty": false, "UseNumericSender": true
            })
        );
        assert_eq!(form().sent(&FormData::default()).change(), json!({}));
    }

    #[test]
    fn what_the_api_shows_comes_back_as_it_was() {
        let object = json!({
            "FullName": "A", "Description": "", "IsOnDuty": true, "UseNumericSender": false,
            "StartDateTime": "2026-01-01T08:00:00"
        });
        assert_eq!(form().filled(&object).object(), object);
    }

    #[test]
    fn messages_stand_beside_the_fields_that_they_name() {
        let problems = [
            ("FullName", "is required"),
            ("nothing", "of this"),
            ("", "no"),
        ];
        let problems = problems.map(|(field, message)| Problem::new(field, message));
        let form = form().told(Error::Refused(problems.into())).unwrap();
        assert_eq!(form.wrong()[0].messages, ["Is required."]);
        assert_eq!(form.messages, ["Nothing: of this.", "No."]);
        assert!(form.told(Error::Unauthenticated).is_err());
    }
}
