//! A client for operators: the program under test.

use serde::{Deserialize, Serialize};

/// The API of an account.
#[derive(Debug)]
pub struct Uptrends {
    pub url: String,
    pub user_name: String,
    pub password: String,
    pub http: reqwest::Client,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Operator {
    pub full_name: String,
    pub email: String,
}

impl Uptrends {
    pub async fn create_operator(&self, operator: &Operator) -> reqwest::Result<Operator> {
        let request = self.http.post(format!("{}/Operator", self.url));
        self.send(request.json(operator)).await?.json().await
    }

    pub async fn operators(&self) -> reqwest::Result<Vec<Operator>> {
        let request = self.http.get(format!("{}/Operator", self.url));
        self.send(request).await?.json().await
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> reqwest::Result<reqwest::Response> {
        let request = request.basic_auth(&self.user_name, Some(&self.password));
        request.send().await?.error_for_status()
    }
}
