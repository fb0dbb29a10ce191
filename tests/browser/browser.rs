//! The console in a real browser: headless Chromium, driven over WebDriver by Debian's chromium-driver. `.ci/browser-check` runs
//! it against the program that `UPTRENDS_BINARY` names.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use fantoccini::actions::{InputSource as _, KeyAction, KeyActions};
use fantoccini::elements::Element;
use fantoccini::key::Key;
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use url::{ParseError, Url};

/// A process that serves a URL, killed on drop.
struct Server {
    process: Child,
    url: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Server {
    /// Starts a program that prints a line with `before` and then its port or URL.
    fn start(command: &mut Command, before: &str) -> Self {
        let mut process = command
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?} cannot be started: {error}"));
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let url = lines
            .map_while(Result::ok)
            .find_map(|line| Some(line.split_once(before)?.1.to_owned()));
        let url = url.unwrap_or_else(|| panic!("{command:?} prints {before:?}"));
        Self { process, url }
    }

    /// Starts the WebDriver server of Chromium on a free port.
    fn chromedriver() -> Self {
        let mut driver = Self::start(
            Command::new("chromedriver").arg("--port=0"),
            "successfully on port ",
        );
        driver.url = format!("http://127.0.0.1:{}", driver.url.trim_end_matches('.'));
        driver
    }

    fn emulator(address: &str) -> Self {
        let program = std::env::var_os("UPTRENDS_BINARY").expect("UPTRENDS_BINARY is set");
        let mut command = Command::new(program);
        Self::start(
            command.args(["--listen", address]),
            "uptrends-emulator ready on ",
        )
    }

    async fn browser(&self) -> Client {
        let chromium = json!({
            // A container has neither a sandbox nor much shared memory.
            "args": [
                "--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--window-size=1280,900"
            ]
        });
        let capabilities = json!({"goog:chromeOptions": chromium});
        ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities.as_object().unwrap().clone())
            .connect(&self.url)
            .await
            .expect("chromedriver finds Chromium")
    }
}

/// A command of Chromium's own protocol.
#[derive(Debug)]
struct Chromium {
    command: &'static str,
    parameters: Value,
}

impl WebDriverCompatibleCommand for Chromium {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!(
            "session/{}/goog/cdp/execute",
            session.unwrap_or_default()
        ))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        let body = json!({"cmd": self.command, "params": self.parameters});
        (Method::POST, Some(body.to_string()))
    }
}

/// A browser that waits for the requested elements.
struct Browser(Client);

impl Browser {
    async fn element(&self, locator: Locator<'_>) -> Element {
        let wait = self.0.wait().every(Duration::from_millis(20));
        let found = wait.for_element(locator).await;
        found.unwrap_or_else(|error| panic!("{locator:?}: {error}"))
    }

    async fn text(&self, css: &str) -> String {
        self.element(Locator::Css(css)).await.text().await.unwrap()
    }

    async fn fill(&self, css: &str, text: &str) {
        let field = self.element(Locator::Css(css)).await;
        field.send_keys(text).await.unwrap();
    }

    /// Clicks a link or a button by its text.
    async fn click(&self, words: &str) {
        let path = format!("//main//*[self::a or self::button][normalize-space()='{words}']");
        let button = self.element(Locator::XPath(&path)).await;
        button.click().await.unwrap();
    }

    /// Waits until the page has this title.
    async fn arrive(&self, title: &str) {
        let path = format!("//h1[normalize-space()='{title}']");
        self.element(Locator::XPath(&path)).await;
    }

    /// Returns the cell of a column in the row of an API user.
    async fn cell(&self, user_name: &str, column: &str) -> String {
        let path = format!("//tr[th/code='{user_name}']/td[@data-label='{column}']");
        let cell = self.element(Locator::XPath(&path)).await;
        cell.text().await.unwrap()
    }

    async fn are_there(&self, css: &str) -> bool {
        !self.0.find_all(Locator::Css(css)).await.unwrap().is_empty()
    }

    async fn open(&self, url: &str, title: &str) {
        self.0.goto(url).await.unwrap();
        self.arrive(title).await;
    }

    /// Returns the value of a JavaScript expression.
    async fn value(&self, expression: &str) -> Value {
        let script = format!("return {expression}");
        self.0.execute(&script, Vec::new()).await.unwrap()
    }

    /// Presses keys, one after the other.
    async fn press(&self, keys: &str) {
        let keys = keys
            .chars()
            .fold(KeyActions::new("keys".to_owned()), |keys, value| {
                let keys = keys.then(KeyAction::Down { value });
                keys.then(KeyAction::Up { value })
            });
        self.0.perform_actions(keys).await.unwrap();
    }

    /// Emulates a device: the width and height of its screen, and its theme.
    async fn device(&self, width: u32, height: u32, theme: &str) {
        self.0.set_window_size(width, height).await.unwrap();
        let metrics =
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": theme}]});
        for (command, parameters) in [
            ("Emulation.setDeviceMetricsOverride", metrics),
            ("Emulation.setEmulatedMedia", features),
        ] {
            self.0
                .issue_cmd(Chromium {
                    command,
                    parameters,
                })
                .await
                .unwrap();
        }
    }

    /// Expects that axe-core finds nothing wrong with the page.
    async fn is_accessible(&self, axe: &str) {
        self.0.execute(axe, Vec::new()).await.unwrap();
        let run = "const done = arguments[0]; axe.run().then((found) => done(found.violations.map((rule) => \
                   `${rule.id}: ${rule.nodes.map((node) => node.html)}`)), (error) => done([String(error)]))";
        let found = self.0.execute_async(run, Vec::new()).await.unwrap();
        let url = self.0.current_url().await.unwrap();
        assert_eq!(found, json!([]), "{url}");
    }
}

#[tokio::test]
async fn api_users_are_managed_and_requests_are_watched_in_a_browser() {
    let driver = Server::chromedriver();
    let emulator = Server::emulator("127.0.0.1:0");
    let url = emulator.url.clone();
    let url = url.as_str();
    let browser = Browser(driver.browser().await);

    browser.0.goto(url).await.unwrap();
    manage_api_users(&browser, url).await;
    watch_requests(&browser, url).await;
    find_a_request(&browser, url).await;
    lose_an_answer(&browser, url).await;
    choose_an_effect(&browser, url).await;
    use_the_keyboard(&browser, url).await;
    send_twice(&browser, url).await;
    look_at_every_page(&browser, url).await;
    let _emulator = outlive_a_restart(&browser, emulator).await;
    browser.0.close().await.unwrap();
}

/// Sends a request to the control API.
async fn control(method: Method, url: &str, path: &str, body: Value) {
    let request = reqwest::Client::new().request(method, format!("{url}/_emulator{path}"));
    let request = if body.is_null() {
        request
    } else {
        let request = request.header("Content-Type", "application/json");
        request.body(body.to_string())
    };
    let response = request.send().await.unwrap();
    let status = response.status();
    assert!(status.is_success(), "{path}: {status}");
}

/// Lists the operators as an API user and returns the status.
async fn ask(url: &str, user_name: &str, password: &str) -> StatusCode {
    let request = reqwest::Client::new().get(format!("{url}/v4/Operator"));
    let request = request.basic_auth(user_name, Some(password));
    request.send().await.unwrap().status()
}

/// Follows the seven steps of the vendor's document and checks the results.
async fn manage_api_users(browser: &Browser, url: &str) {
    browser.arrive("Log in").await;
    let email = browser.text("aside dd:nth-of-type(1)").await;
    let password = browser.text("aside dd:nth-of-type(2)").await;
    browser.fill("#email", &email).await;
    browser.fill("#password", &password).await;
    browser.click("Log in").await;

    // 1. "Go to Account setup > Operators, groups (and sub accounts)."
    browser.arrive("Operators, groups").await;
    // 2. "Click the View all operators button."
    browser.click("View all operators").await;
    browser.arrive("Operators").await;
    // 3. "In the list of operators click the one that you want to add an API account to."
    browser.click("Account Administrator").await;
    browser.arrive("Account Administrator").await;
    // 4. "Switch to the API management tab."
    browser.click("API management").await;
    browser
        .arrive("Account Administrator: API management")
        .await;
    // 5. "Click the Add API user button."
    browser.click("Add API user").await;
    browser.arrive("Add API user").await;
    // 6. "Follow the wizard and make sure to note down the password."
    browser.fill("#Description", "End to end").await;
    browser.click("Add API user").await;
    browser.arrive("Note down the password").await;
    let user_name = browser.text("#user-name").await;
    let password = browser.text("#password").await;
    let command = browser.text("#curl").await;
    assert_eq!(
        command,
        format!("curl -u {user_name}:{password} {url}/v4/Operator")
    );
    // The script shows the copy buttons; without it there are none.
    let copy = browser
        .element(Locator::Css("button[data-copy='password']"))
        .await;
    assert!(copy.is_displayed().await.unwrap());
    browser.click("Done").await;
    // 7. "Click the Save button at the bottom to save the changes to the operator." They are saved already.
    browser
        .arrive("Account Administrator: API management")
        .await;
    assert!(
        browser
            .text("main")
            .await
            .contains("Changes are saved at once.")
    );
    assert_eq!(browser.cell(&user_name, "Description").await, "End to end");
    assert_eq!(browser.cell(&user_name, "Last used").await, "Not yet used");

    assert_eq!(ask(url, &user_name, &password).await, StatusCode::OK);
    browser.0.refresh().await.unwrap();
    let last_used = browser.cell(&user_name, "Last used").await;
    assert_eq!(last_used.len(), "2026-06-25 19:37:59".len(), "{last_used}");
    assert!(last_used.starts_with("20"), "{last_used}");
    assert_eq!(browser.cell(&user_name, "Requests in 30 days").await, "1");

    let delete = format!("//tr[th/code='{user_name}']//a[.='Delete API user']");
    let delete = browser.element(Locator::XPath(&delete)).await;
    delete.click().await.unwrap();
    browser.arrive("Delete API user").await;
    browser.click("Delete API user").await;
    browser
        .arrive("Account Administrator: API management")
        .await;
    assert!(!browser.0.source().await.unwrap().contains(&user_name));
    assert_eq!(
        ask(url, &user_name, &password).await,
        StatusCode::UNAUTHORIZED
    );
}

/// Expects requests to be shown as they arrive.
async fn watch_requests(browser: &Browser, url: &str) {
    browser
        .open(&format!("{url}/console/requests"), "Requests")
        .await;
    browser.element(Locator::Css("#live.on")).await;
    let latest = browser.text("#list tbody td").await;
    assert_eq!(
        ask(url, "emulator", "wrong").await,
        StatusCode::UNAUTHORIZED
    );
    let latest: u32 = latest.parse().unwrap();
    let row = format!("tr.fresh[data-sequence='{}'] .reason", latest + 1);
    let reason = browser.text(&row).await;
    assert_eq!(reason, "the password of API user emulator is wrong");
    browser.click("Pause").await;
    browser.element(Locator::Css("#live:not(.on)")).await;
}

/// Finds one of a thousand requests by a text, chips and the pages to the oldest one.
async fn find_a_request(browser: &Browser, url: &str) {
    control(Method::DELETE, url, "/requests", Value::Null).await;
    let client = reqwest::Client::new();
    for number in 1..1000 {
        let request = client.get(format!("{url}/v4/Operator/{number}"));
        let request = request.basic_auth("emulator", Some("emulator"));
        request.send().await.unwrap();
    }
    assert_eq!(ask(url, "emulator", "emulator").await, StatusCode::OK);
    browser
        .open(&format!("{url}/console/requests"), "Requests")
        .await;
    browser.press("/").await;
    browser.press("operator/617").await;
    browser.press(&char::from(Key::Enter).to_string()).await;
    browser
        .element(Locator::XPath("//caption[starts-with(., '1 request,')]"))
        .await;
    let found = browser.text(".requests tbody th").await;
    assert!(found.starts_with("GET /v4/Operator/617"), "{found}");
    browser.click("Show all").await;
    browser.click("2xx").await;
    browser
        .element(Locator::Css(".chip[aria-current='true']"))
        .await;
    let caption = browser.text(".requests caption").await;
    assert!(caption.starts_with("1 request,"), "{caption}");
    browser.click("2xx").await;
    for first in (51..1000).step_by(50) {
        browser.click("Next").await;
        let caption =
            format!("//caption[starts-with(., '{first} to ') and contains(., 'of 1,000 ')]");
        browser.element(Locator::XPath(&caption)).await;
    }
    let oldest = browser.text(".requests tbody tr:last-child a").await;
    assert_eq!(oldest, "GET /v4/Operator/1");
    browser.fill("#q", "path:/v4/Oprator").await;
    browser.click("Search").await;
    let error = browser.text("#q-error").await;
    assert!(error.contains("/v4/Operator"), "{error}");
}

/// Loses an answer after the commit: one click on the page of a request, and one that adds the fault.
async fn lose_an_answer(browser: &Browser, url: &str) {
    let client = reqwest::Client::new();
    let create = async |name: &str| {
        let body = json!({"FullName": name, "Email": format!("{name}@acme.com")}).to_string();
        let request = client.post(format!("{url}/v4/Operator")).body(body);
        let request = request.header("Content-Type", "application/json");
        let request = request.basic_auth("emulator", Some("emulator"));
        request.send().await
    };
    let created = create("first").await.unwrap();
    let number = created.headers()["emulator-request"]
        .to_str()
        .unwrap()
        .to_owned();
    let number: u32 = number.rsplit('/').next().unwrap().parse().unwrap();
    browser
        .open(
            &format!("{url}/console/requests/{number}"),
            &format!("Request {number}"),
        )
        .await;
    browser.click("Lose one answer").await;
    browser.arrive("Faults").await;
    browser.click("Add fault").await;
    browser.element(Locator::XPath("//td[.='1 left']")).await;
    assert!(create("second").await.is_err());
    browser.0.refresh().await.unwrap();
    let struck = (number + 1).to_string();
    browser.click(&struck).await;
    browser.arrive(&format!("Request {struck}")).await;
    browser
        .element(Locator::XPath(
            "//dd[span='Kept' and contains(., 'told something else')]",
        ))
        .await;
    control(Method::DELETE, url, "/accounts/123456/faults", Value::Null).await;
}

/// Leaves the page of requests open while the emulator is started again.
async fn outlive_a_restart(browser: &Browser, emulator: Server) -> Server {
    let url = emulator.url.clone();
    browser
        .open(&format!("{url}/console/requests"), "Requests")
        .await;
    browser.element(Locator::Css("#live.on")).await;
    drop(emulator);
    let away = Locator::XPath("//*[@data-live-text and contains(., 'does not answer')]");
    browser.element(away).await;
    let emulator = Server::emulator(url.trim_start_matches("http://"));
    assert_eq!(ask(&url, "emulator", "emulator").await, StatusCode::OK);
    browser
        .element(Locator::XPath("//caption[starts-with(., '1 request,')]"))
        .await;
    browser.element(Locator::Css("#live.on")).await;
    emulator
}

/// Expects a form to show the fields of the selected choice.
async fn choose_an_effect(browser: &Browser, url: &str) {
    let path = format!("{url}/console/faults");
    browser.0.goto(&path).await.unwrap();
    browser.arrive("Faults").await;
    assert!(
        browser
            .are_there("[data-for]:not([hidden]) #effect-status")
            .await
    );
    assert!(browser.are_there("[data-for][hidden] #match-status").await);
    let effect = browser.element(Locator::Css("#effect")).await;
    effect.select_by_value("delay").await.unwrap();
    browser
        .element(Locator::Css("[data-for][hidden] #effect-status"))
        .await;
    browser.fill("#effect-delayMs", "5").await;
    browser.click("Add fault").await;
    let effect = browser.text("td[data-label='Effect'] .chip").await;
    assert_eq!(effect, "5 ms later");
}

/// Goes through a list and to its search with the keyboard.
async fn use_the_keyboard(browser: &Browser, url: &str) {
    browser
        .open(&format!("{url}/console/accounts"), "Accounts")
        .await;
    let account = "document.activeElement.textContent";
    browser.press("j").await;
    assert_eq!(browser.value(account).await, "123456");
    browser.press("/").await;
    assert_eq!(browser.value("document.activeElement.id").await, "q");
    // In a field, keys are text.
    browser.press("j?").await;
    assert_eq!(browser.value("document.activeElement.value").await, "j?");
    browser.value("document.activeElement.blur()").await;
    browser.press("?").await;
    browser.element(Locator::Css("dialog[open]")).await;
    browser.press(&char::from(Key::Escape).to_string()).await;
    browser.element(Locator::Css("dialog:not([open])")).await;
    browser.press("j").await;
    browser.press(&char::from(Key::Enter).to_string()).await;
    browser.arrive("Account 123456").await;
}

/// Clicks a button twice, and goes back from the page that follows.
async fn send_twice(browser: &Browser, url: &str) {
    browser
        .open(&format!("{url}/console/operators"), "Operators")
        .await;
    browser.click("Account Administrator").await;
    browser.click("API management").await;
    browser
        .arrive("Account Administrator: API management")
        .await;
    let rows = "document.querySelectorAll('main tbody tr').length";
    let before = browser.value(rows).await.as_u64().unwrap();
    browser.click("Add API user").await;
    browser.arrive("Add API user").await;
    browser.value("document.querySelectorAll('main button').forEach((button) => { button.click(); button.click(); })").await;
    browser.arrive("Note down the password").await;
    assert_eq!(browser.text("#password").await.len(), 27);
    browser.0.back().await.unwrap();
    browser.arrive("Add API user").await;
    browser.0.forward().await.unwrap();
    browser.arrive("Note down the password").await;
    browser.click("Done").await;
    browser
        .arrive("Account Administrator: API management")
        .await;
    assert_eq!(browser.value(rows).await, before + 1);
}

/// Opens every page, in both themes and on a phone. axe-core finds nothing wrong, nothing is wider than the screen, and the first
/// row of a list is in sight.
async fn look_at_every_page(browser: &Browser, url: &str) {
    let axe = std::env::var_os("AXE").expect("AXE is set");
    let axe = std::fs::read_to_string(axe).unwrap();
    control(
        Method::POST,
        url,
        "/accounts",
        json!({"label": "L".repeat(200)}),
    )
    .await;
    control(
        Method::POST,
        url,
        "/accounts/123457/clock/freeze",
        json!({"at": "2026-06-25T19:37:59"}),
    )
    .await;
    let request =
        reqwest::Client::new().put(format!("{url}/_emulator/accounts/123457/snapshots/before"));
    assert!(request.send().await.unwrap().status().is_success());

    browser
        .open(&format!("{url}/console/operators"), "Operators")
        .await;
    let path = async |css: &str| {
        let link = browser.element(Locator::Css(css)).await;
        link.attr("href").await.unwrap().unwrap()
    };
    let operator = path("main tbody a").await;
    browser
        .open(&format!("{url}/console/groups"), "Operator groups")
        .await;
    let group = path("main tbody a").await;
    let of_operator = [
        "",
        "/schedules",
        "/groups",
        "/permissions",
        "/api-users",
        "/api-users/new",
        "/delete",
    ];
    let of_operator = of_operator.map(|tab| format!("{operator}{tab}"));
    let mut pages = vec![group.clone(), format!("{group}/schedules")];
    pages.extend(of_operator);
    pages.extend(
        [
            "login",
            "setup",
            "operators",
            "operators/new",
            "groups",
            "groups/new",
            "time-zones",
            "requests",
            "requests/1",
            "requests?q=path:",
            "faults",
            "coverage",
            "clock",
            "accounts",
            "accounts/new",
            "accounts/reset",
            "accounts/123457",
            "accounts/123457/requests",
            "accounts/123457/coverage",
            "accounts/123457/faults?preset=lost",
            "accounts/123457/snapshots/restore?name=before",
            "accounts/123457/clock",
            "none",
        ]
        .map(|page| format!("/console/{page}")),
    );
    for (width, height, theme) in [(1280, 900, "light"), (375, 667, "dark")] {
        browser.device(width, height, theme).await;
        for page in &pages {
            browser.0.goto(&format!("{url}{page}")).await.unwrap();
            browser.is_accessible(&axe).await;
            let wide = browser.value("document.documentElement.scrollWidth").await;
            assert!(wide.as_u64().unwrap() <= width.into(), "{page}: {wide}");
        }
    }
    for page in [
        "operators",
        "groups",
        "accounts",
        "time-zones",
        "requests",
        "accounts/123456/requests",
    ] {
        browser
            .0
            .goto(&format!("{url}/console/{page}"))
            .await
            .unwrap();
        let link = "document.querySelector('tbody th').getClientRects()[0].top";
        let top = browser.value(link).await.as_f64().unwrap();
        assert!(top < 667.0 - 48.0, "{page}: {top}");
    }
}
