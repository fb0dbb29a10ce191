//! The server under test, and a client with assertions.

use std::path::Path;

use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use uptrends_emulator::{Emulator, Options, PasswordCost, Seed};

/// A server for one test, with an administrator's credentials.
pub struct TestApp {
    /// `None` if the server is a separate process.
    emulator: Option<Emulator>,
    url: String,
    client: reqwest::Client,
    user_name: String,
    password: String,
}

/// A response.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

/// The fields of every response of the companion API, `/api/Users`.
pub const ENVELOPE: [&str; 4] = [
    "Users",
    "Messages",
    "ServerInformation",
    "VersionInformation",
];

impl TestApp {
    /// Starts an in-memory server with the default account.
    pub async fn start() -> Self {
        Self::start_with(Options::default()).await
    }

    /// Starts a server on a database file.
    pub async fn start_on(database: &Path) -> Self {
        Self::start_with(Options::default().database(database)).await
    }

    /// Starts an in-memory server with the accounts of a document, where `emulator` is an administrator's API user of the first.
    pub async fn start_seeded(document: &str) -> Self {
        Self::start_with(Options::default().seed(Seed::Text(document.to_owned()))).await
    }

    /// Starts an in-memory server with this cost of password hashing.
    pub async fn start_costing(cost: PasswordCost) -> Self {
        Self::start_as_it_is(Options::default().password_cost(cost)).await
    }

    /// Starts an in-memory server whose administrator has these credentials.
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

    /// Connects to a running server with the default account.
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

    /// Creates a request without credentials.
    pub fn anonymous(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url()))
    }

    /// Creates a request with the administrator's credentials.
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

    /// Sends a POST without a body.
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

    /// Creates an operator with these and the required fields, and returns it.
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

    /// Creates a group and returns its path.
    pub async fn new_group(&self, description: &str) -> String {
        let group = self
            .post("/v4/OperatorGroup", json!({"Description": description}))
            .await;
        format!(
            "/v4/OperatorGroup/{}",
            text(&group.expect(StatusCode::CREATED), "OperatorGroupGuid")
        )
    }

    /// Returns the path of one of the two system groups.
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

    /// Returns the account's owner, the operator of the administrator's credentials.
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

    /// Returns a client with the credentials of a new API user of an operator.
    pub async fn as_operator(&self, guid: &str) -> Client<'_> {
        let body = json!({"OperatorGuid": guid, "Description": "test"});
        let api_user = self
            .post("/v4/ApiUser", body)
            .await
            .expect(StatusCode::CREATED);
        self.as_api_user(&api_user)
    }

    /// Returns a client with the credentials of an API user, given the response that created it.
    pub fn as_api_user(&self, api_user: &Value) -> Client<'_> {
        Client {
            app: self,
            user_name: text(api_user, "UserName"),
            password: text(api_user, "Password"),
        }
    }

    /// Opens a TCP connection, for what an HTTP client hides.
    pub async fn connect(&self) -> TcpStream {
        let url = self.url();
        let address = url.strip_prefix("http://").unwrap();
        TcpStream::connect(address).await.unwrap()
    }
}

/// A client with the credentials of another API user.
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

    /// Returns the items of a list.
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

    /// Expects a status and returns the body; an empty body is null.
    #[track_caller]
    pub fn expect(&self, status: StatusCode) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        if self.text.is_empty() {
            return Value::Null;
        }
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// Expects an error with this status and returns its messages, in the format of either API.
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

    /// Expects an error with exactly one message for each of these fields.
    #[track_caller]
    pub fn names(&self, status: StatusCode, fields: &[&str]) {
        let messages = self.messages(status);
        let field = |message: &String| message.split(':').next().unwrap().to_owned();
        let mut fields_named: Vec<_> = messages.iter().map(field).collect();
        let mut expected = fields.to_vec();
        fields_named.sort_unstable();
        expected.sort_unstable();
        assert_eq!(fields_named, expected, "{messages:?}");
    }
}

/// Returns the path of an operator.
#[track_caller]
pub fn path_of(operator: &Value) -> String {
    format!("/v4/Operator/{}", text(operator, "OperatorGuid"))
}

/// Returns a string field of a JSON object.
#[track_caller]
pub fn text(value: &Value, field: &str) -> String {
    value[field]
        .as_str()
        .unwrap_or_else(|| panic!("no text {field}: {value}"))
        .to_owned()
}

/// Returns the reasons of a recorded request.
pub fn reasons(entry: &Value) -> String {
    let reasons = entry["reasons"].as_array().into_iter().flatten();
    let reasons: Vec<_> = reasons.map(|reason| reason.as_str().unwrap()).collect();
    reasons.join("; ")
}
