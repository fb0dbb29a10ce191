//! The OpenAPI document describes exactly what is served, and responses match it.

use std::collections::{BTreeMap, BTreeSet};

use jsonschema::{Registry, Validator};
use reqwest::{Method, StatusCode};
use serde_json::{Map, Value, json};
use uptrends_emulator::{Control, Options};

use crate::anonymous::{OPERATIONS, documented, filled};
use crate::app::{Answer, TestApp, path_of, text};
use crate::control::list;

const OPENAPI: &str = "/v4/swagger/v1/swagger.json";
const SWAGGER: &str = "/v4/swagger/v1/swagger-2.0.json";

/// Gets a document without credentials.
async fn document(app: &TestApp, path: &str) -> Value {
    let answer = Answer::of(app.anonymous(Method::GET, path)).await;
    assert_eq!(
        answer.headers["Content-Type"],
        "application/json; charset=utf-8"
    );
    answer.expect(StatusCode::OK)
}

/// An operation of a document.
struct Operation<'a> {
    method: Method,
    /// Includes the path of the server, as in a request.
    path: String,
    described: &'a Value,
}

fn operations(document: &Value) -> Vec<Operation<'_>> {
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        let server = &item["servers"].get(0).unwrap_or(&document["servers"][0])["url"];
        let path = format!("{}{path}", server.as_str().unwrap().trim_end_matches('/'));
        for (method, described) in item
            .as_object()
            .unwrap()
            .iter()
            .filter(|(name, _)| *name != "servers")
        {
            let method = method.to_uppercase().parse().unwrap();
            operations.push(Operation {
                method,
                path: path.clone(),
                described,
            });
        }
    }
    operations
}

/// Replaces the parameters of a path by values that do not exist.
fn filled_in(path: &str) -> String {
    filled(path)
        .replace("{accountId}", "999999")
        .replace("{faultId}", "999999")
        .replace("{name}", "none")
}

/// A validator of values against the schemas of a document.
struct SchemaValidator {
    registry: &'static Registry<'static>,
    known: BTreeMap<String, Validator>,
}

impl SchemaValidator {
    fn new(document: &Value) -> Self {
        let registry = Registry::new().add("urn:document", document.clone());
        // Validators borrow the document.
        let registry = Box::leak(Box::new(registry.unwrap().prepare().unwrap()));
        Self {
            registry,
            known: BTreeMap::new(),
        }
    }

    #[track_caller]
    fn expect(&mut self, schema: &Value, value: &Value) {
        let schema = schema.to_string().replace("\"#/", "\"urn:document#/");
        let validator = self.known.entry(schema).or_insert_with_key(|schema| {
            jsonschema::options()
                .with_registry(self.registry)
                .should_validate_formats(true)
                .build(&serde_json::from_str(schema).unwrap())
                .unwrap()
        });
        if let Err(error) = validator.validate(value) {
            panic!("{error}: {value}");
        }
    }

    /// Expects a response that its operation's description includes.
    #[track_caller]
    fn expect_answer(&mut self, operation: &Value, answer: &Answer) -> Value {
        let body = answer.expect(answer.status);
        let response = &operation["responses"][answer.status.as_str()];
        assert!(
            response.is_object(),
            "{} is not told of: {operation}",
            answer.status
        );
        match response["content"].as_object() {
            None => assert_eq!(body, Value::Null),
            Some(content) => {
                let content_type = answer.headers["Content-Type"].to_str().unwrap();
                let content_type = content_type.split(';').next().unwrap();
                self.expect(&content[content_type]["schema"], &body);
            }
        }
        body
    }
}

#[tokio::test]
async fn the_document_has_the_operations_of_the_account_api_and_no_others() {
    let app = TestApp::start().await;
    let document = document(&app, OPENAPI).await;
    assert_eq!(document["openapi"], "3.1.0");
    let operations = operations(&document);
    let described: BTreeSet<_> = operations
        .iter()
        .filter(|operation| !operation.path.starts_with("/_emulator/"))
        .map(|operation| (operation.method.to_string(), operation.path.clone()))
        .collect();
    let answering = OPERATIONS.map(|(method, path)| (method.to_owned(), documented(path)));
    assert_eq!(described, answering.into());

    let supported: BTreeSet<_> = list(&app, "/supported")
        .await
        .into_iter()
        .filter(|operation| operation["isEmulated"] == true)
        .map(|operation| text(&operation, "operationId"))
        .collect();
    let ids: Vec<_> = operations
        .iter()
        .map(|operation| text(operation.described, "operationId"))
        .collect();
    let of_emulator = |id: &&String| id.starts_with("Emulator_");
    let listed: BTreeSet<_> = ids.iter().filter(|id| !of_emulator(id)).cloned().collect();
    assert_eq!(listed, supported);
    assert_eq!(
        ids.iter().collect::<BTreeSet<_>>().len(),
        ids.len(),
        "{ids:?}"
    );
    for (operation, id) in operations.iter().zip(&ids) {
        let (tag, _) = id.split_once('_').unwrap();
        assert_eq!(operation.described["tags"], json!([tag]));
    }
}

#[tokio::test]
async fn every_path_of_the_document_accepts_exactly_the_methods_it_lists() {
    let app = TestApp::start().await;
    let document = document(&app, OPENAPI).await;
    let mut paths = BTreeMap::<_, BTreeSet<_>>::new();
    for operation in operations(&document) {
        paths
            .entry(operation.path)
            .or_default()
            .insert(operation.method.to_string());
    }
    for (path, methods) in paths {
        let answer = Answer::of(app.request(Method::TRACE, &filled_in(&path))).await;
        answer.expect(StatusCode::METHOD_NOT_ALLOWED);
        let allowed = answer.headers["Allow"]
            .to_str()
            .unwrap()
            .split(',')
            .map(str::trim);
        let allowed: BTreeSet<_> = allowed
            .filter(|method| *method != "HEAD")
            .map(str::to_owned)
            .collect();
        assert_eq!(allowed, methods, "{path}");
    }
}

#[tokio::test]
async fn every_body_has_an_example_that_matches_its_schema() {
    let app = TestApp::start().await;
    let document = document(&app, OPENAPI).await;
    let mut validator = SchemaValidator::new(&document);
    for operation in operations(&document) {
        let described = operation.described;
        let answers = described["responses"].as_object().unwrap().values();
        let bodies = answers.chain(described.get("requestBody"));
        for content in bodies
            .filter_map(|body| body["content"].as_object())
            .flat_map(Map::values)
        {
            let example = content.get("example");
            let example = example.unwrap_or_else(|| panic!("no example: {described}"));
            validator.expect(&content["schema"], example);
        }
    }
}

/// Forms contain only texts: a client generated from a schema with `null` would send that word.
#[tokio::test]
async fn the_schema_of_a_form_does_not_allow_null() {
    let app = TestApp::start().await;
    let document = document(&app, OPENAPI).await;
    let content = &document["paths"]["/api/Users"]["put"]["requestBody"]["content"];
    let form = &content["application/x-www-form-urlencoded"]["schema"];
    assert_ne!(*form, content["application/json"]["schema"]);
    let name = text(form, "$ref");
    let schema = document.pointer(&name[1..]).unwrap();
    assert!(!schema.to_string().contains("null"), "{schema}");
    let fields = |schema: &Value| {
        let fields = schema["properties"].as_object().unwrap().keys().cloned();
        fields.collect::<Vec<_>>()
    };
    let json = text(&content["application/json"]["schema"], "$ref");
    assert_eq!(
        fields(schema),
        fields(document.pointer(&json[1..]).unwrap())
    );
    let mut validator = SchemaValidator::new(&document);
    validator.expect(form, &json!({"ID": 0, "UserName": "a@b", "UserRole": 1}));
}

/// Clients with non-nullable integers send 0 for the day that a schedule of another mode does not have.
#[tokio::test]
async fn a_schedule_without_month_day_may_have_0_and_no_other_day() {
    let app = TestApp::start().await;
    let document = document(&app, OPENAPI).await;
    let input = document["components"]["schemas"]["OperatorDutyScheduleInput"].clone();
    let Value::Object(root) = document.clone() else {
        panic!("a document is an object");
    };
    let mut root = root;
    root.extend(input.as_object().unwrap().clone());
    let validator = jsonschema::validator_for(&Value::Object(root)).unwrap();
    let daily = json!({"ScheduleMode": "Daily", "StartTime": "08:00", "EndTime": "17:00"});
    let monthly = json!({"ScheduleMode": "Monthly", "StartTime": "08:00", "EndTime": "17:00"});
    let path = format!("{}/DutySchedule", path_of(&app.owner().await));
    for (body, day, is_valid) in [
        (&daily, json!(0), true),
        (&daily, json!(null), true),
        (&daily, json!(1), false),
        (&monthly, json!(0), false),
        (&monthly, json!(1), true),
    ] {
        let mut body = body.clone();
        body["MonthDay"] = day;
        assert_eq!(validator.is_valid(&body), is_valid, "{body}");
        let answer = app.post(&path, body).await;
        assert_eq!(answer.status == StatusCode::CREATED, is_valid);
    }
    let swagger = self::document(&app, SWAGGER).await;
    let day = &swagger["definitions"]["OperatorDutyScheduleInput"]["properties"]["MonthDay"];
    assert_eq!((&day["minimum"], &day["maximum"]), (&json!(0), &json!(31)));
}

#[tokio::test]
async fn unknown_resources_are_rejected_as_the_document_says() {
    let app = TestApp::start().await;
    let document = document(&app, OPENAPI).await;
    let mut validator = SchemaValidator::new(&document);
    let operations = operations(&document);
    // A wait without a timeout would take too long.
    let at_once = |operation: &&Operation| !operation.path.ends_with("/wait");
    for operation in operations.iter().filter(at_once) {
        for body in [
            json!({}),
            json!([]),
            json!({"Description": 7, "timeoutMs": 0, "atLeast": 0}),
        ] {
            let request = app.request(operation.method.clone(), &filled_in(&operation.path));
            let answer = Answer::of(request.json(&body)).await;
            validator.expect_answer(operation.described, &answer);
            let request = app.anonymous(operation.method.clone(), &filled_in(&operation.path));
            validator.expect_answer(operation.described, &Answer::of(request).await);
        }
    }
}

/// Operations in the order in which a client may use them, each with the status of its response, and with the values of
/// the response that later operations use. Their bodies are the examples of the document.
const LIFE: &str = "
    Operator_CreateOperator 201 operatorGuid=OperatorGuid
    Operator_GetOperator 200
    Operator_GetAllOperators 200
    Operator_UpdateOperator 204
    Operator_UpdateOperatorWithPatch 204
    Operator_GetOperator 200
    OperatorGroup_CreateOperatorGroup 201 operatorGroupGuid=OperatorGroupGuid
    OperatorGroup_AddOperatorToOperatorGroup 201
    OperatorGroup_GetOperatorGroupMembers 200
    OperatorGroup_GetOperatorGroup 200
    OperatorGroup_GetAllOperatorGroups 200
    OperatorGroup_UpdateOperatorGroup 204
    Operator_GetOperatorGroupsForOperator 200
    OperatorGroup_AllOperatorsInGroupOffDuty 204
    OperatorGroup_AllOperatorsInGroupOnDuty 204
    Operator_PostAuthorizationForOperator 201
    Operator_GetAuthorizationsForOperator 200
    Operator_DeleteAuthorizationForOperator 204
    OperatorGroup_PostAuthorizationForOperatorGroup 201
    OperatorGroup_GetAuthorizationsForOperatorGroup 200
    OperatorGroup_DeleteAuthorizationForOperatorGroup 204
    OperatorGroup_AddDutyPeriodForOperatorGroup 201 dutyScheduleId=Id
    OperatorGroup_GetDutyScheduleForOperatorGroup 200
    OperatorGroup_UpdateDutyPeriodForOperatorGroup 204
    OperatorGroup_AddDutyScheduleToAllMembers 204
    OperatorGroup_DeleteDutyScheduleFromOperatorGroup 204
    Operator_AddDutyPeriodForOperator 201 dutyScheduleId=Id
    Operator_GetDutyScheduleForOperator 200
    Operator_UpdateDutyPeriodForOperator 204
    Operator_DeleteDutyScheduleFromOperator 204
    ApiUser_CreateApiUser 201 apiUserGuid=ApiUserGuid
    ApiUser_GetApiUser 200
    ApiUser_GetAllApiUsers 200
    ApiUser_GetApiUsersForOperator 200
    ApiUser_UpdateApiUser 204
    ApiUser_DeleteApiUser 204
    Account_GetAccountStatistics 200
    Account_GetSettings 200
    Timezone_GetAllTimezones 200
    Timezone_GetTimezoneById 200
    OutgoingPhoneNumber_GetAllOutgoingPhoneNumbers 200
    Users_GetAllUsers 200
    Users_UpdateUser 200
    Users_GetUser 200
    Emulator_TakeSnapshot 201
    Emulator_ListSnapshots 200
    Emulator_GetSnapshot 200
    OperatorGroup_RemoveOperatorFromOperatorGroup 204
    OperatorGroup_DeleteOperatorGroup 204
    Operator_DeleteOperator 204
    Operator_GetOperator 404
    Emulator_RestoreSnapshot 204
    Operator_GetOperator 200
    Emulator_DeleteSnapshot 204
    Emulator_CreateFaultOfAccount 201 faultId=id
    Emulator_GetFaultOfAccount 200
    Emulator_CreateFault 201
    Emulator_ListFaults 200
    Emulator_ClearFaults 204
    Emulator_ListRequests 200
    Emulator_CountRequestsOfAccount 200
    Emulator_WaitForRequests 200
    Emulator_GetCoverage 200
    Emulator_GetCoverageOfAccount 200
    Emulator_ClearCoverage 204
    Emulator_ListOutbox 200
    Emulator_ListOutboxOfAccount 200
    Emulator_ClearOutbox 204
    Emulator_FreezeClock 200
    Emulator_AdvanceClockOfAccount 200
    Emulator_GetClockOfAccount 200
    Emulator_ResumeClock 200
    Emulator_ExportAccount 200
    Emulator_CreateAccount 201 accountId=accountId
    Emulator_GetAccount 200
    Emulator_ListAccounts 200
    Emulator_ResetAccount 204
    Emulator_DeleteAccount 204
    Emulator_ListSupported 200
    Emulator_GetSeedSchema 200
    Emulator_Reset 204
    Emulator_GetHealth 200
    Emulator_GetReadiness 200
";

#[tokio::test]
async fn the_life_cycle_of_an_operator_matches_the_document() {
    let app = TestApp::start().await;
    let document = document(&app, OPENAPI).await;
    let operations = operations(&document);
    let mut validator = SchemaValidator::new(&document);
    let mut values = BTreeMap::from([
        ("accountId", "123456".to_owned()),
        ("authorizationType", "AllowInfra".to_owned()),
        ("id", "2".to_owned()),
        ("name", "before".to_owned()),
        ("timezoneId", "56".to_owned()),
    ]);
    for step in LIFE.trim().lines() {
        let (id, rest) = step.trim().split_once(' ').unwrap();
        let (status, gives) = rest.split_once(' ').unwrap_or((rest, ""));
        let operation = operations
            .iter()
            .find(|operation| operation.described["operationId"] == id)
            .unwrap_or_else(|| panic!("there is no {id}"));
        let path = values
            .iter()
            .fold(operation.path.clone(), |path, (name, value)| {
                path.replace(&format!("{{{name}}}"), value)
            });
        let mut request = app.request(operation.method.clone(), &path);
        let content = &operation.described["requestBody"]["content"]["application/json"];
        if let Some(mut body) = content.get("example").cloned() {
            if body["OperatorGuid"].is_string() {
                body["OperatorGuid"] = values["operatorGuid"].as_str().into();
            }
            request = request.json(&body);
        }
        let answer = Answer::of(request).await;
        assert_eq!(answer.status.as_str(), status, "{id}: {}", answer.text);
        let body = validator.expect_answer(operation.described, &answer);
        if let Some((name, field)) = gives.split_once('=') {
            let value = &body[field];
            let value = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            values.insert(name, value);
        }
    }
}

#[tokio::test]
async fn requests_without_an_example_match_the_document() {
    let app = TestApp::start().await;
    let document = document(&app, OPENAPI).await;
    let operations = operations(&document);
    let mut validator = SchemaValidator::new(&document);
    let mut expect = |id: &str, answer: &Answer, status: StatusCode| {
        let of_id = |operation: &&Operation| operation.described["operationId"] == id;
        let operation = operations.iter().find(of_id).unwrap();
        assert_eq!(answer.status, status, "{}", answer.text);
        validator.expect_answer(operation.described, answer);
    };
    let register = app
        .anonymous(Method::POST, "/v4/Register?description=CI")
        .basic_auth("admin@example.com", Some("emulator"));
    expect(
        "Register_Post",
        &Answer::of(register).await,
        StatusCode::CREATED,
    );

    let operator = app
        .new_operator(json!({"UseNumericSender": true, "AllowNativeLogin": true}))
        .await;
    let path = path_of(&operator);
    expect(
        "Operator_GetOperator",
        &app.get(&path).await,
        StatusCode::OK,
    );
    let schedules = format!("{path}/DutySchedule");
    for schedule in [
        json!({"ScheduleMode": "Daily", "StartTime": "08:00", "EndTime": "17:00"}),
        json!({"ScheduleMode": "Monthly", "MonthDay": 31, "StartTime": "08:00", "EndTime": "17:00"}),
        json!({
            "ScheduleMode": "OneTime", "StartDateTime": "2026-01-01T00:00:00", "EndDateTime": "2026-01-02T00:00:00+02:00"
        }),
    ] {
        let creation = app.post(&schedules, schedule).await;
        expect(
            "Operator_AddDutyPeriodForOperator",
            &creation,
            StatusCode::CREATED,
        );
    }
    let listed = app.get(&schedules).await;
    expect(
        "Operator_GetDutyScheduleForOperator",
        &listed,
        StatusCode::OK,
    );

    for effect in [json!({"delayMs": 1}), json!({"network": "reset"})] {
        let fault = json!({"effect": effect, "match": {"path": "/nowhere", "unknown": true}, "skip": 1.0, "probability": 0.5});
        let creation = app.post("/_emulator/faults", fault).await;
        expect("Emulator_CreateFault", &creation, StatusCode::CREATED);
    }
    let faults = app.get("/_emulator/faults").await;
    expect("Emulator_ListFaults", &faults, StatusCode::OK);
}

#[tokio::test]
async fn without_the_control_api_the_document_does_not_include_it() {
    let app = TestApp::start_with(Options::default().control(Control::Off)).await;
    let document = document(&app, OPENAPI).await;
    let paths = document["paths"].as_object().unwrap().keys();
    let of_emulator: Vec<_> = paths
        .filter(|path| path.starts_with("/_emulator"))
        .collect();
    assert_eq!(of_emulator, ["/_emulator/health", "/_emulator/ready"]);
    assert!(document["components"]["schemas"].get("Operator").is_some());
}

#[tokio::test]
async fn the_swagger_2_document_has_the_same_account_api_operations() {
    let app = TestApp::start().await;
    let document = document(&app, SWAGGER).await;
    assert_eq!(document["swagger"], "2.0");
    assert_eq!(document["basePath"], "/v4");
    let mut described = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            described.insert((method.to_uppercase(), path.clone()));
        }
    }
    let below = OPERATIONS
        .iter()
        .filter(|(_, path)| !path.starts_with("/api/"))
        .map(|(method, path)| ((*method).to_owned(), (*path).to_owned()));
    assert_eq!(described, below.collect());

    let create = &document["paths"]["/Operator"]["post"];
    assert_eq!(create["operationId"], "Operator_CreateOperator");
    assert_eq!(create["security"], json!([{"basicauth": []}]));
    let body = json!({
        "name": "body", "in": "body", "required": true, "schema": {"$ref": "#/definitions/OperatorInput"}
    });
    assert_eq!(create["parameters"], json!([body]));
    let definitions = &document["definitions"];
    assert_eq!(
        definitions["OperatorInput"]["properties"]["TimeZoneId"]["type"],
        "integer"
    );
    assert_eq!(
        definitions["OperatorDutyScheduleInput"]["required"],
        json!(["ScheduleMode"])
    );
    assert_eq!(
        definitions["OperatorDutyScheduleInput"]["properties"]["ScheduleMode"]["enum"],
        json!(["OneTime", "Daily", "Weekly", "Monthly"])
    );
    let authorize =
        &document["paths"]["/Operator/{operatorGuid}/Authorization/{authorizationType}"]["post"];
    assert_eq!(authorize["parameters"][1]["enum"][0], "AccountAccess");
    let text = document.to_string();
    for later in [
        "oneOf",
        "anyOf",
        "\"examples\":[",
        "components",
        "[\"string\",\"null\"]",
    ] {
        assert!(!text.contains(later), "{later}");
    }
}

#[tokio::test]
async fn the_page_and_its_assets_are_local_and_need_no_credentials() {
    let app = TestApp::start().await;
    for path in [
        "/v4/swagger/",
        "/v4/swagger",
        "/V4/Swagger/Index.html?url=/v4/swagger/v1/swagger.json",
    ] {
        let page = Answer::of(app.anonymous(Method::GET, path)).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        assert_eq!(page.headers["Content-Type"], "text/html; charset=utf-8");
        let policy = page.headers["Content-Security-Policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'self';"), "{policy}");
        assert!(policy.ends_with("; frame-ancestors 'none'"), "{policy}");
        assert_eq!(page.headers["X-Frame-Options"], "DENY");
        assert!(!page.text.contains("://"), "{}", page.text);
        let quoted = page.text.split('"').filter(|text| text.starts_with('/'));
        let parts: Vec<_> = quoted.collect();
        assert_eq!(parts.len(), 3, "{parts:?}");
        let versioned = parts.iter().filter(|path| path.contains('?'));
        assert_eq!(versioned.count(), 2, "{parts:?}");
        for path in parts {
            let part = Answer::of(app.anonymous(Method::GET, path)).await;
            assert_eq!(part.status, StatusCode::OK);
            // What the path names by its content is kept by browsers, and nothing else.
            let cached = part.headers["Cache-Control"].to_str().unwrap();
            assert_eq!(cached.ends_with("immutable"), path.contains('?'), "{path}");
        }
    }
    for part in ["swagger-ui-bundle.js", "swagger-ui.css"] {
        let part = app
            .anonymous(Method::GET, &format!("/v4/swagger/{part}"))
            .send()
            .await
            .unwrap();
        assert_eq!(part.headers()["Content-Encoding"], "gzip");
        assert_eq!(part.headers()["Cache-Control"], "no-cache");
        assert_eq!(part.bytes().await.unwrap()[..2], [0x1f, 0x8b]);
    }
    let wrong = Answer::of(app.anonymous(Method::POST, "/v4/swagger/")).await;
    wrong.messages(StatusCode::METHOD_NOT_ALLOWED);
    let recorded: Vec<_> = list(&app, "/requests").await;
    assert!(recorded.is_empty(), "{recorded:?}");
}
