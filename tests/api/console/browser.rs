//! A browser without JavaScript: cookies, pages and forms.

use std::collections::BTreeMap;
use std::sync::Mutex;

use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, RequestBuilder, StatusCode};

use crate::app::{Answer, TestApp};

pub struct Browser<'a> {
    app: &'a TestApp,
    client: Client,
    cookie: Mutex<Option<String>>,
}

/// A page and its forms.
pub struct Page {
    pub answer: Answer,
}

/// The fields of a form, which can be changed and submitted.
#[derive(Debug, Clone)]
pub struct Form {
    pub action: String,
    pub fields: BTreeMap<String, String>,
}

impl<'a> Browser<'a> {
    pub fn new(app: &'a TestApp) -> Self {
        Self {
            app,
            client: Client::builder().redirect(Policy::none()).build().unwrap(),
            cookie: Mutex::default(),
        }
    }

    /// Returns a browser with an operator logged in.
    pub async fn logged_in(app: &'a TestApp, email: &str, password: &str) -> Self {
        let browser = Self::new(app);
        let page = browser.log_in(email, password).await;
        assert_eq!(page.answer.status, StatusCode::OK, "{}", page.text());
        assert!(page.text().contains("Log out"), "{}", page.text());
        browser
    }

    /// Returns a browser with the owner of the default account logged in.
    pub async fn as_owner(app: &'a TestApp) -> Self {
        Self::logged_in(app, "admin@example.com", "emulator").await
    }

    pub async fn log_in(&self, email: &str, password: &str) -> Page {
        let page = self.open("/console/login").await;
        let form = page.form("/console/login");
        self.send(form.with("email", email).with("password", password))
            .await
    }

    pub fn cookie(&self) -> String {
        self.cookie.lock().unwrap().clone().unwrap_or_default()
    }

    pub fn set_cookie(&self, cookie: String) {
        *self.cookie.lock().unwrap() = Some(cookie);
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.app.url());
        self.client
            .request(method, url)
            .header(COOKIE, self.cookie())
    }

    /// Returns the response without following redirects.
    pub async fn answer(&self, request: RequestBuilder) -> Page {
        let answer = Answer::of(request).await;
        if let Some(cookie) = answer.headers.get(SET_COOKIE) {
            let cookie = cookie.to_str().unwrap().split(';').next().unwrap();
            self.set_cookie(cookie.to_owned());
        }
        Page { answer }
    }

    async fn follow(&self, mut page: Page) -> Page {
        while page.answer.status.is_redirection() {
            let location = page.answer.headers[LOCATION].to_str().unwrap().to_owned();
            page = self.answer(self.request(Method::GET, &location)).await;
        }
        page
    }

    pub async fn open(&self, path: &str) -> Page {
        self.follow(self.answer(self.request(Method::GET, path)).await)
            .await
    }

    /// Opens a page, which must exist, and returns its text.
    pub async fn read(&self, path: &str) -> String {
        let page = self.open(path).await;
        assert_eq!(
            page.answer.status,
            StatusCode::OK,
            "{path}: {}",
            page.text()
        );
        page.answer.text
    }

    /// Submits a form without following redirects.
    pub async fn post(&self, form: &Form) -> Page {
        let body: String = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&form.fields)
            .finish();
        let request = self
            .request(Method::POST, &form.action)
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(body);
        self.answer(request).await
    }

    pub async fn send(&self, form: Form) -> Page {
        self.follow(self.post(&form).await).await
    }

    /// Opens a page, fills in the form of an action, and submits it.
    pub async fn fill(&self, path: &str, action: &str, fields: &[(&str, &str)]) -> Page {
        let mut form = self.open(path).await.form(action);
        for (name, value) in fields {
            form = form.with(name, value);
        }
        self.send(form).await
    }
}

impl Page {
    pub fn text(&self) -> &str {
        &self.answer.text
    }

    /// Expects a complete page with this status, and returns its text.
    #[track_caller]
    pub fn expect(&self, status: StatusCode) -> &str {
        assert_eq!(self.answer.status, status, "{}", self.text());
        assert!(
            self.text().ends_with("</html>\n") || self.text().ends_with("</html>"),
            "{}",
            self.text()
        );
        self.text()
    }

    /// Returns the first form with this action.
    #[track_caller]
    pub fn form(&self, action: &str) -> Form {
        let form = self.forms(action).next();
        form.unwrap_or_else(|| panic!("no form to {action}: {}", self.text()))
    }

    /// Returns the forms with this action.
    pub fn forms(&self, action: &str) -> impl Iterator<Item = Form> {
        let forms = self.text().split("<form ").skip(1);
        let forms = forms.filter(|form| {
            attribute(form.split('>').next().unwrap(), "action").as_deref() == Some(action)
        });
        forms.map(|form| Form {
            action: action.to_owned(),
            fields: fields(form.split("</form>").next().unwrap()),
        })
    }
}

impl Form {
    /// Returns the names of the visible fields.
    pub fn names(&self) -> Vec<String> {
        let names = self.fields.keys();
        let is_seen = |name: &&String| name.starts_with(char::is_uppercase);
        names.filter(is_seen).cloned().collect()
    }

    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.fields.insert(name.to_owned(), value.to_owned());
        self
    }

    pub fn without(mut self, name: &str) -> Self {
        self.fields.remove(name);
        self
    }
}

/// Returns what a browser would submit for an unmodified form.
fn fields(form: &str) -> BTreeMap<String, String> {
    let mut fields = BTreeMap::new();
    for input in form.split("<input ").skip(1) {
        let tag = input.split('>').next().unwrap();
        let is_unchecked = tag.contains("type=\"checkbox\"") && !tag.ends_with(" checked");
        if !is_unchecked {
            // The hidden field of a check box comes after it, and counts if the box is unchecked.
            let value = attribute(tag, "value").unwrap_or_default();
            let name = attribute(tag, "name").unwrap();
            fields.entry(name).or_insert(value);
        }
    }
    for select in form.split("<select ").skip(1) {
        let select = select.split("</select>").next().unwrap();
        let options = || select.split("<option").skip(1);
        let chosen = options()
            .find(|option| option.split('>').next().unwrap().ends_with(" selected"))
            .or_else(|| options().next());
        if let Some(option) = chosen {
            let (tag, text) = option.split_once('>').unwrap();
            let text = text.split('<').next().unwrap();
            let value = attribute(tag, "value").unwrap_or_else(|| text.to_owned());
            fields.insert(attribute(select, "name").unwrap(), value);
        }
    }
    for area in form.split("<textarea ").skip(1) {
        let (tag, text) = area.split_once('>').unwrap();
        let text = text.split("</textarea>").next().unwrap();
        let text = text.strip_prefix('\n').unwrap_or(text);
        fields.insert(attribute(tag, "name").unwrap(), unescaped(text));
    }
    fields
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!("{name}=\""))?;
    Some(unescaped(rest.split('"').next().unwrap()))
}

fn unescaped(text: &str) -> String {
    let characters = [
        ("&#60;", "<"),
        ("&#62;", ">"),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&#38;", "&"),
    ];
    characters
        .iter()
        .fold(text.to_owned(), |text, (escape, character)| {
            text.replace(escape, character)
        })
}

/// Returns the text of the first element with this Id.
#[track_caller]
pub fn element(text: &str, id: &str) -> String {
    let (_, rest) = text
        .split_once(&format!("id=\"{id}\""))
        .unwrap_or_else(|| panic!("no {id}: {text}"));
    let (_, rest) = rest.split_once('>').unwrap();
    unescaped(rest.split('<').next().unwrap())
}

/// Returns where the first link with these words leads, without a fragment.
pub fn link(text: &str, words: &str) -> Option<String> {
    let (before, _) = text.split_once(&format!("\">{words}</a>"))?;
    let target = unescaped(before.rsplit('"').next().unwrap());
    Some(target.split('#').next().unwrap().to_owned())
}
