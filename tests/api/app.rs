//! The server under test, and a client that says what it expects.

use std::path::Path;

use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use uptrends_emulator::{Emulator, Options, PasswordCost, Seed};

/// A server of its own, and an administrator's credentials for it.
pub struct TestApp {
    /// None, where the server is a program.
    emulator: Option<Emulator>,
    url: String,
    client: reqwest::Client,
    user_name: String,
    password: String,
}

/// What a server answered.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

/// The fields of every answer of the companion API, `/api/Users`.
pub const ENVELOPE: [&str; 4] = [
    "Users",
    "Messages",
    "ServerInformation",
    "VersionInformation",
];

impl TestApp {
    /// A server in memory with the default account.
    pub async fn start() -> Self {
        Self::start_with(Options::default()).await
    }

    /// A server on a file.
    pub async fn start_on(database: &Path) -> Self {
        Self::start_with(Options::default().database(database)).await
    }

    /// A server in memory with the accounts of a document; `emulator` is an administrator's API user of the first.
    pub async fn start_seeded(document: &str) -> Self {
        Self::start_with(Options::default().seed(Seed::Text(document.to_owned()))).await
    }

    /// A server in memory, where hashing a password costs what it costs in the program.
    pub async fn start_costing(cost: PasswordCost) -> Self {
        Self::start_as_it_is(Options::default().password_cost(cost)).await
    }

    /// A server in memory, whose administrator has these credentials.
    pub async fn start_as(user_name: &str, password: &str) -> Self {
        let options = Options::default().username(user_name).password(password);
        Self {
            user_name: user_name.to_owned(),
            password: password.to_owned(),
            ..Self::start_with(options).await
        }
    }

    pub async fn start_with(options: Options) -> Self {
        Self::start_as_it_is(options.password_cost(PasswordCost::Least)).await
    }

    async fn start_as_it_is(options: Options) -> Self {
        let emulator = Emulator::start(options).await.unwrap();
        let app = Self::at(&emulator.url());
        Self {
            emulator: Some(emulator),
            ..app
        }
    }

    /// A server that runs elsewhere, with the default account.
    pub fn at(url: &str) -> Self {
        Self {
            emulator: None,
            url: url.to_owned(),
            client: reqwest::Client::new(),
            user_name: "emulator".to_owned(),
            password: "emulator".to_owned(),
        }
    }

    pub async fn stop(self) {
        self.emulator.unwrap().stop().await;
    }

    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// A request without credentials.
    pub fn anonymous(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url()))
    }

    /// A request with the administrator's credentials.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.anonymous(method, path)
            .basic_auth(&self.user_name, Some(&self.password))
    }

    pub async fn get(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        Answer::of(self.request(Method::POST, path).json(&body)).await
    }

    /// A POST that takes no body.
    pub async fn act(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::POST, path)).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        Answer::of(self.request(Method::PUT, path).json(&body)).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        Answer::of(self.request(Method::PATCH, path).json(&body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::DELETE, path)).await
    }

    /// Makes an operator with these fields, and those that are required, and answers with it.
    #[track_caller]
    pub fn new_operator(&self, fields: Value) -> impl Future<Output = Value> {
        let mut body = json!({"FullName": "Third Operator", "Email": "ThirdOperator@acme.com"});
        let Value::Object(fields) = fields else {
            panic!("not an object: {fields}");
        };
        body.as_object_mut().unwrap().extend(fields);
        async move {
            self.post("/v4/Operator", body)
                .await
                .expect(StatusCode::CREATED)
        }
    }

    /// Makes a group and answers with its path.
    pub async fn new_group(&self, description: &str) -> String {
        let group = self
            .post("/v4/OperatorGroup", json!({"Description": description}))
            .await;
        format!(
            "/v4/OperatorGroup/{}",
            text(&group.expect(StatusCode::CREATED), "OperatorGroupGuid")
        )
    }

    /// The path of one of the two system groups.
    pub async fn system_group(&self, flag: &str) -> String {
        let groups = self.get("/v4/OperatorGroup").await.expect(StatusCode::OK);
        let group = groups
            .as_array()
            .unwrap()
            .iter()
            .find(|group| group[flag] == true)
            .unwrap();
        format!("/v4/OperatorGroup/{}", text(group, "OperatorGroupGuid"))
    }

    /// The account's owner, who is the operator of the administrator's credentials.
    pub async fn owner(&self) -> Value {
        let operators = self.get("/v4/Operator").await.expect(StatusCode::OK);
        operators
            .as_array()
            .unwrap()
            .iter()
            .find(|operator| operator["IsAccountAdministrator"] == true)
            .unwrap()
            .clone()
    }

    /// The same server through the credentials of a new API user of an operator.
    pub async fn as_operator(&self, guid: &str) -> Client<'_> {
        let body = json!({"OperatorGuid": guid, "Description": "test"});
        let api_user = self
            .post("/v4/ApiUser", body)
            .await
            .expect(StatusCode::CREATED);
        self.as_api_user(&api_user)
    }

    /// The same server through the credentials of an API user, as the answer that made it tells them.
    pub fn as_api_user(&self, api_user: &Value) -> Client<'_> {
        Client {
            app: self,
            user_name: text(api_user, "UserName"),
            password: text(api_user, "Password"),
        }
    }

    /// A connection of one's own, for what an HTTP client hides.
    pub async fn connect(&self) -> TcpStream {
        let url = self.url();
        let address = url.strip_prefix("http://").unwrap();
        TcpStream::connect(address).await.unwrap()
    }
}

/// Somebody else's view of a server.
pub struct Client<'a> {
    app: &'a TestApp,
    pub user_name: String,
    pub password: String,
}

impl Client<'_> {
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.app
            .anonymous(method, path)
            .basic_auth(&self.user_name, Some(&self.password))
    }

    pub async fn get(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::GET, path)).await
    }

    pub async fn send(&self, method: Method, path: &str, body: Value) -> Answer {
        Answer::of(self.request(method, path).json(&body)).await
    }

    /// What a list holds.
    pub async fn list(&self, path: &str) -> Vec<Value> {
        let all = self.get(path).await.expect(StatusCode::OK);
        all.as_array().unwrap().clone()
    }
}

impl Answer {
    pub async fn of(request: RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        Self {
            status,
            headers,
            text: response.text().await.unwrap(),
        }
    }

    /// The body, if the status is the expected one; an empty body is null.
    #[track_caller]
    pub fn expect(&self, status: StatusCode) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        if self.text.is_empty() {
            return Value::Null;
        }
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// The messages of an error of the expected status, in the form of the one API or of the other.
    #[track_caller]
    pub fn messages(&self, status: StatusCode) -> Vec<String> {
        let body = self.expect(status);
        let messages = body["Messages"]
            .as_array()
            .unwrap_or_else(|| panic!("no Messages: {body}"));
        let keys: Vec<_> = body.as_object().unwrap().keys().collect();
        let field = if keys == ["Messages"] {
            "Message"
        } else {
            assert_eq!(keys, ENVELOPE, "{body}");
            assert_eq!(body["Users"], json!([]));
            "MessageText"
        };
        messages
            .iter()
            .map(|message| text(message, field))
            .collect()
    }

    /// Expects an error whose messages name these fields, one each.
    #[track_caller]
    pub fn names(&self, status: StatusCode, fields: &[&str]) {
        let messages = self.messages(status);
        let field = |message: &String| message.split(':').next().unwrap().to_owned();
        let mut named: Vec<_> = messages.iter().map(field).collect();
        let mut expected = fields.to_vec();
        named.sort_unstable();
        expected.sort_unstable();
        assert_eq!(named, expected, "{messages:?}");
    }
}

/// The path of an operator.
#[track_caller]
pub fn path_of(operator: &Value) -> String {
    format!("/v4/Operator/{}", text(operator, "OperatorGuid"))
}

/// A text of a JSON object.
#[track_caller]
pub fn text(value: &Value, field: &str) -> String {
    value[field]
        .as_str()
        .unwrap_or_else(|| panic!("no text {field}: {value}"))
        .to_owned()
}
