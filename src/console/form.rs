//! Forms. Templates declare the fields; what is sent is bound as the body that the API would receive, so both have the same rules
//! and error messages.

use serde_json::{Map, Value};

use crate::domain::Problem;
use crate::domain::node::{Content, Key, Node};
use crate::status::sentence;

/// The number of values that are suggested for a field.
pub const MOST_SUGGESTED: usize = 20;

/// Values that are longer are not shown again when a form is refused.
const LONGEST_KEPT: usize = 64 * 1024;

/// Fields that have no default to go back to: an empty one is an empty text.
const NEVER_NULL: [&str; 3] = ["FullName", "Email", "Description"];

/// The fields of a submitted form or of a query, in order. Of several with the same name, the first counts.
#[derive(Debug, Clone, Default)]
pub struct FormData(Vec<(String, String)>);

impl FormData {
    pub fn parse(body: &[u8]) -> Self {
        Self(form_urlencoded::parse(body).into_owned().collect())
    }

    #[must_use]
    pub fn with(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// Returns the value of a field, with the browser's `\r\n` replaced by `\n`.
    pub fn get(&self, name: &str) -> Option<String> {
        let (_, value) = self.0.iter().find(|(key, _)| key == name)?;
        Some(value.replace("\r\n", "\n"))
    }

    /// Returns the value of a field, or an empty text.
    pub fn text(&self, name: &str) -> String {
        self.get(name).unwrap_or_default()
    }

    /// Returns the value of a field unless it is blank.
    pub fn get_nonblank(&self, name: &str) -> Option<String> {
        self.get(name).filter(|value| !value.trim().is_empty())
    }

    /// Returns the fields as the API would receive them in a body. An empty one is null: with PATCH, it goes back to its default,
    /// whereas one that the form does not have stays unchanged.
    pub fn entries(&self) -> Vec<(Key, Node)> {
        let mut entries: Vec<(Key, Node)> = Vec::new();
        for (name, _) in &self.0 {
            if entries.iter().any(|(key, _)| key.name == *name) {
                continue;
            }
            let content = match self.text(name) {
                // A password is never displayed, so an empty field does not clear it.
                text if text.is_empty() && name == "Password" => continue,
                text if text.is_empty() && !NEVER_NULL.contains(&name.as_str()) => Content::Null,
                text => Content::Text(text),
            };
            entries.push((Key::from(name), content.into()));
        }
        entries
    }

    /// Returns these fields as an object of the control API, without those that are blank.
    pub fn object(&self, names: &[&str]) -> Value {
        let value = |name: &&str| Some(((*name).to_owned(), self.get_nonblank(name)?.into()));
        Value::Object(names.iter().filter_map(value).collect::<Map<_, _>>())
    }

    /// Writes dates and times as the API does: people may leave out the `T` and the seconds.
    #[must_use]
    pub fn with_times(mut self, names: &[&str]) -> Self {
        for (name, value) in &mut self.0 {
            if names.contains(&name.as_str()) {
                *value = value.trim().replacen(' ', "T", 1);
                if value.len() == "2026-01-01T08:00".len() {
                    value.push_str(":00");
                }
            }
        }
        self
    }
}

/// A form that was sent and refused.
#[derive(Debug, Clone)]
pub struct Refused {
    /// The path that it was sent to.
    pub action: String,
    pub data: FormData,
    pub problems: Vec<Problem>,
}

impl Refused {
    pub fn new(action: &str, data: &FormData, problems: Vec<Problem>) -> Self {
        let mut data = data.clone();
        data.0.retain(|(_, value)| value.len() <= LONGEST_KEPT);
        Self {
            action: action.to_owned(),
            data,
            problems,
        }
    }
}

/// What a form displays: the values of its fields, and what was wrong with them when it was sent.
#[derive(Debug)]
pub struct Form {
    /// The path that it is sent to.
    pub action: String,
    pub is_disabled: bool,
    pub values: FormData,
    pub problems: Vec<Problem>,
}

impl Form {
    pub fn to(action: impl Into<String>) -> Self {
        Self {
            action: action.into(),
            is_disabled: false,
            values: FormData::default(),
            problems: Vec::new(),
        }
    }

    /// Fills in the values of an API object.
    #[must_use]
    pub fn with_object(mut self, object: &Value) -> Self {
        for (name, value) in object.as_object().into_iter().flatten() {
            let text = match value {
                Value::Null => continue,
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            self.values.0.push((name.clone(), text));
        }
        self
    }

    #[must_use]
    pub fn with_value(self, name: &str, value: impl Into<Value>) -> Self {
        self.with_object(&Value::Object(Map::from_iter([(
            name.to_owned(),
            value.into(),
        )])))
    }

    #[must_use]
    pub fn disabled_unless(self, may_edit: bool) -> Self {
        Self {
            is_disabled: !may_edit,
            ..self
        }
    }

    pub fn value(&self, name: &str) -> String {
        self.values.text(name)
    }

    /// Returns what is wrong with a field.
    pub fn messages(&self, name: &str) -> Vec<String> {
        let problems = self.problems.iter().filter(|problem| problem.field == name);
        let message = |problem: &Problem| match problem.place {
            None => sentence(&problem.message),
            // A problem in a document is useful only with its line and column, which `to_string` includes.
            Some(_) => sentence(&problem.to_string()),
        };
        problems.map(message).collect()
    }

    /// Returns what is wrong with the form: for each problem, the Id of its field, and a sentence.
    pub fn summary(&self) -> Vec<(String, String)> {
        let line = |problem: &Problem| (id(&problem.field), sentence(&problem.to_string()));
        self.problems.iter().map(line).collect()
    }

    /// Returns the attributes that connect a field with the texts below it.
    pub fn described(&self, name: &str, hint: &str) -> String {
        let (id, is_wrong) = (id(name), !self.messages(name).is_empty());
        match (is_wrong, hint.is_empty()) {
            (true, true) => format!("aria-invalid=true aria-describedby={id}-error"),
            (true, false) => format!("aria-invalid=true aria-describedby=\"{id}-error {id}-hint\""),
            (false, false) => format!("aria-describedby={id}-hint"),
            (false, true) => String::new(),
        }
    }
}

/// What can be chosen for a boolean.
pub const FLAGS: [(&str, &str); 2] = [("true", "Yes"), ("false", "No")];

/// What can be chosen where the values are their own labels.
pub type Words = Vec<(&'static str, &'static str)>;

pub fn words(words: &[&'static str]) -> Words {
    words.iter().map(|word| (*word, *word)).collect()
}

/// Returns whether a choice has the value of the field.
pub fn is_chosen(choice: &impl ToString, value: &str) -> bool {
    choice.to_string() == value
}

/// Returns the Id of the element of a field.
pub fn id(name: &str) -> String {
    name.replace('.', "-")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Form, FormData};
    use crate::domain::Problem;
    use crate::domain::node::{Content, Key};

    #[test]
    fn the_first_of_several_fields_counts_and_an_empty_one_is_null() {
        let data =
            FormData::parse(b"FullName=A+%3Cb%3E&TimeZoneId=&Password=&FullName=B&Note=1%0D%0A2");
        let entries = [
            (
                Key::from("FullName"),
                Content::Text("A <b>".to_owned()).into(),
            ),
            (Key::from("TimeZoneId"), Content::Null.into()),
            (Key::from("Note"), Content::Text("1\n2".to_owned()).into()),
        ];
        assert_eq!(data.entries(), entries);
        assert_eq!(
            data.object(&["FullName", "TimeZoneId", "none"]),
            json!({"FullName": "A <b>"})
        );
    }

    #[test]
    fn dates_and_times_may_lack_seconds() {
        let data = FormData::parse(
            b"at=2026-01-01+08%3A00&to=2026-01-01T08%3A00%3A30&note=2026-01-01T08%3A00",
        );
        let data = data.with_times(&["at", "to"]);
        assert_eq!(data.text("at"), "2026-01-01T08:00:00");
        assert_eq!(data.text("to"), "2026-01-01T08:00:30");
        assert_eq!(data.text("note"), "2026-01-01T08:00");
    }

    #[test]
    fn messages_are_shown_at_the_fields_that_they_name() {
        let mut form = Form::to("/").with_object(&json!({"a.b": true, "c": null, "d": "x"}));
        assert_eq!(
            ["a.b", "c", "d"].map(|name| form.value(name)),
            ["true", "", "x"]
        );
        form.problems = vec![Problem::new("a.b", "is required"), Problem::general("no")];
        assert_eq!(form.messages("a.b"), ["Is required."]);
        let summary = form.summary();
        assert_eq!(summary[0].0, "a-b");
        assert_eq!(summary[1], (String::new(), "No.".to_owned()));
    }
}
