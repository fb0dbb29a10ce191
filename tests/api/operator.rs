//! `/Operator`.

use reqwest::StatusCode;
use serde_json::json;

use crate::app::TestApp;

#[tokio::test]
async fn a_new_operator_has_every_documented_field_and_its_default() {
    let app = TestApp::start().await;
    let operator = app.new_operator(json!({})).await;
    let mut expected = json!({
        "FullName": "Third Operator",
        "Email": "ThirdOperator@acme.com",
        "MobilePhone": "",
        "OutgoingPhoneNumber": "",
        "IsAccountAdministrator": false,
        "BackupEmail": "",
        "IsOnDuty": false,
        "CultureName": "",
        "SmsProvider": "UseAccountSetting",
        "PhoneProvider": "UseAccountSetting",
        "DefaultDashboard": "UseAccountSpecifiedDashboard",
        "OperatorRole": "Unspecified",
        "SetupMode": "Manual",
    });
    expected["OperatorGuid"] = operator["OperatorGuid"].clone();
    expected["Hash"] = operator["Hash"].clone();
    assert_eq!(operator, expected);
    let path = format!(
        "/v4/Operator/{}",
        operator["OperatorGuid"].as_str().unwrap()
    );
    assert_eq!(app.get(&path).await.expect(StatusCode::OK), expected);
}
