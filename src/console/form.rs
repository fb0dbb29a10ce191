//! Forms: one declaration serves display, binding and validation messages. A form is bound as the JSON object that the API
//! would receive, so both have the same rules and error messages.

use serde_json::{Map, Number, Value};

use crate::domain::Problem;
use crate::error::Error;
use crate::status::sentence;

/// The fields of a submitted form, in order.
#[derive(Debug, Clone, Default)]
pub struct FormData(Vec<(String, String)>);

impl FormData {
    pub fn parse(body: &[u8]) -> Self {
        Self(form_urlencoded::parse(body).into_owned().collect())
    }

    /// Returns the value of a field, with the browser's `\r\n` replaced by `\n`.
    pub fn get(&self, name: &str) -> Option<String> {
        let (_, value) = self.0.iter().find(|(key, _)| key == name)?;
        Some(value.replace("\r\n", "\n"))
    }

    /// Returns the value of a field unless it is blank.
    pub fn get_nonblank(&self, name: &str) -> Option<String> {
        self.get(name).filter(|value| !value.trim().is_empty())
    }
}

/// A form and its validation messages.
#[derive(Debug, Default)]
pub struct Form {
    pub groups: Vec<Group>,
    /// Messages that belong to no field.
    pub messages: Vec<String>,
}

#[derive(Debug)]
pub struct Group {
    pub title: &'static str,
    pub fields: Vec<FormField>,
}

#[derive(Debug)]
pub struct FormField {
    /// The name in the JSON object; dots separate the names of nested objects.
    pub name: &'static str,
    pub label: &'static str,
    pub hint: &'static str,
    pub look: Look,
    kind: Kind,
    pub is_required: bool,
    pub autocomplete: &'static str,
    /// `name=value,value`: the script shows this field only while the field of that name has one of the values.
    pub shown_for: &'static str,
    pub value: String,
    /// Whether the submitted form contained the field.
    is_submitted: bool,
    pub messages: Vec<String>,
}

/// The control that displays a field.
#[derive(Debug)]
pub enum Look {
    /// An `input` element of this type.
    Line(&'static str),
    /// A multi-line text.
    Area,
    Check,
    /// A selection from these values, each with its label.
    Choice(Vec<(String, String)>),
}

/// The type of a field in the JSON object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A string; omitted if empty.
    Text,
    /// A string that may be empty.
    AnyText,
    Number,
    Flag,
    /// Any JSON.
    Json,
    /// Not part of the object; used by the page only.
    PageOnly,
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
            is_submitted: false,
            messages: Vec::new(),
        }
    }

    pub fn text(name: &'static str, label: &'static str) -> Self {
        Self::new(name, label, Look::Line("text"), Kind::Text)
    }

    /// Creates a text field that is included even if empty.
    pub fn any_text(name: &'static str, label: &'static str) -> Self {
        Self::new(name, label, Look::Line("text"), Kind::AnyText)
    }

    pub fn input(input: &'static str, name: &'static str, label: &'static str) -> Self {
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

    /// Creates a selection from a set of words; `unset` is the label of the empty choice.
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

    /// Creates a selection from `(value, label)` pairs.
    pub fn choice(name: &'static str, label: &'static str, choices: &[(&str, &str)]) -> Self {
        let choices = choices
            .iter()
            .map(|(value, label)| ((*value).to_owned(), (*label).to_owned()));
        Self::new(name, label, Look::Choice(choices.collect()), Kind::Text)
    }

    /// Creates a selection that decides how the other fields are interpreted, and is not part of the object.
    pub fn page_only(name: &'static str, label: &'static str, choices: &[(&str, &str)]) -> Self {
        Self {
            kind: Kind::PageOnly,
            ..Self::choice(name, label, choices)
        }
    }

    /// Creates a selection from a set of numbers, or none.
    pub fn number_choice(
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

    /// Creates a selection of a boolean or no value.
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

    /// Returns the value of `aria-describedby`: the Ids of the texts below the field.
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

    /// Returns the field as JSON, or `None` if it is omitted.
    fn json_value(&self) -> Option<Value> {
        let text = match self.look {
            // A password may consist of blanks.
            Look::Line("password") => &self.value,
            _ => self.value.trim(),
        };
        match self.kind {
            Kind::PageOnly => None,
            Kind::AnyText => Some(self.value.as_str().into()),
            Kind::Flag if matches!(self.look, Look::Check) => Some((text == "true").into()),
            _ if text.is_empty() => None,
            Kind::Text if self.look.is_date_time() && text.len() == "2026-01-01T08:00".len() => {
                // Browsers leave out seconds that are zero; the API does not.
                Some(format!("{text}:00").into())
            }
            Kind::Text => Some(self.value.as_str().into()),
            // The binder rejects what is not a number.
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

    /// Fills in the submitted values.
    #[must_use]
    pub fn with_data(mut self, data: &FormData) -> Self {
        for field in self.fields() {
            let value = data.get(field.name);
            // Browsers omit an unchecked box, so a hidden field `shown-…` indicates that it was part of the form.
            let is_shown = || data.get(&format!("shown-{}", field.name)).is_some();
            field.is_submitted = value.is_some() || field.is_check() && is_shown();
            field.value = match field.look {
                Look::Check => value.is_some().to_string(),
                _ => value.unwrap_or_default(),
            };
        }
        self
    }

    /// Fills in the values of an API object.
    #[must_use]
    pub fn with_object(mut self, object: &Value) -> Self {
        for field in self.fields() {
            field.value = match &object[field.name] {
                Value::Null => String::new(),
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
        }
        self
    }

    /// Returns the JSON object that the API would receive.
    pub fn object(&self) -> Value {
        let mut object = Map::new();
        for field in self.groups.iter().flat_map(|group| &group.fields) {
            if let Some(value) = field.json_value() {
                insert_nested(&mut object, field.name, value);
            }
        }
        Value::Object(object)
    }

    /// Returns the JSON object that applies the form as a PATCH: a field missing from the form stays unchanged, and an empty
    /// one is reset to its default.
    pub fn patch(&self) -> Value {
        let mut object = Map::new();
        for field in self.groups.iter().flat_map(|group| &group.fields) {
            let value = match field.json_value() {
                Some(value) => value,
                // A password is never displayed, so an empty field does not clear it.
                None if matches!(field.look, Look::Line("password")) => continue,
                None if field.is_required => "".into(),
                None => Value::Null,
            };
            if field.is_submitted {
                insert_nested(&mut object, field.name, value);
            }
        }
        Value::Object(object)
    }

    /// Adds the messages of an error, each to the field that it names. An error without messages about the request is
    /// returned as `Err`.
    pub fn with_error(mut self, error: Error) -> Result<Self, Error> {
        match error {
            Error::Malformed(problems) | Error::Refused(problems) => {
                for problem in &problems {
                    self.add_problem(problem);
                }
                Ok(self)
            }
            other => Err(other),
        }
    }

    fn add_problem(&mut self, problem: &Problem) {
        let field = self.fields().find(|field| field.name == problem.field);
        match field {
            Some(field) if problem.place.is_none() => {
                field.messages.push(sentence(&problem.message));
            }
            // A problem in a document is useful only with its line and column, which `to_string` includes.
            Some(field) => field.messages.push(sentence(&problem.to_string())),
            None => self.messages.push(sentence(&problem.to_string())),
        }
    }

    /// Returns the fields that have messages, for the summary above the form.
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

/// Inserts a value under a dotted name, creating the nested objects.
fn insert_nested(object: &mut Map<String, Value>, name: &str, value: Value) {
    match name.split_once('.') {
        None => {
            object.insert(name.to_owned(), value);
        }
        Some((outer, rest)) => {
            let inner = object
                .entry(outer)
                .or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(inner) = inner {
                insert_nested(inner, rest, value);
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
            FormField::input("datetime-local", "StartDateTime", "Start"),
            FormField::json("effect.body", "Body"),
        ])
    }

    #[test]
    fn a_form_becomes_the_object_that_the_api_would_receive() {
        let data = FormData::parse(
            b"FullName=A+%3Cb%3E&effect.status=503&effect.delayMs=soon&IsOnDuty=on&UseNumericSender=false\
              &StartDateTime=2026-01-01T08%3A00&effect.body=%7B%22a%22%3A%0D%0A1%7D",
        );
        assert_eq!(
            form().with_data(&data).object(),
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
            form().with_data(&FormData::default()).object(),
            json!({"Description": "", "IsOnDuty": false})
        );
    }

    #[test]
    fn a_patch_has_the_submitted_fields_and_null_for_empty_ones() {
        let data =
            FormData::parse(b"FullName=&effect.status=&UseNumericSender=true&shown-IsOnDuty=");
        assert_eq!(
            form().with_data(&data).patch(),
            json!({
                "FullName": null, "effect": {"status": null}, "IsOnDuty": false, "UseNumericSender": true
            })
        );
        assert_eq!(form().with_data(&FormData::default()).patch(), json!({}));
    }

    #[test]
    fn an_api_object_survives_the_round_trip_through_a_form() {
        let object = json!({
            "FullName": "A", "Description": "", "IsOnDuty": true, "UseNumericSender": false,
            "StartDateTime": "2026-01-01T08:00:00"
        });
        assert_eq!(form().with_object(&object).object(), object);
    }

    #[test]
    fn messages_are_added_to_the_fields_that_they_name() {
        let problems = [
            ("FullName", "is required"),
            ("nothing", "of this"),
            ("", "no"),
        ];
        let problems = problems.map(|(field, message)| Problem::new(field, message));
        let form = form().with_error(Error::Refused(problems.into())).unwrap();
        assert_eq!(form.wrong()[0].messages, ["Is required."]);
        assert_eq!(form.messages, ["Nothing: of this.", "No."]);
        assert!(form.with_error(Error::Unauthenticated).is_err());
    }
}
