//! A real browser that opens the page.

use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use fantoccini::key::Key;
use fantoccini::{Client, ClientBuilder, Locator};
use serde_json::{Value, json};

use crate::project::{CARD, Review, encoded};

/// Chromium under its driver, until it is closed.
pub(crate) struct Browser {
    pub(crate) client: Client,
    driver: Child,
}

impl Browser {
    pub(crate) async fn open() -> Self {
        // It exits if another program uses its port for IPv6.
        let (driver, port) = (0..5)
            .find_map(|_| start_driver())
            .expect("chromedriver prints its port");
        let arguments = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--window-size=1280,800",
        ];
        let capabilities = json!({
            "goog:chromeOptions": { "args": arguments },
            "goog:loggingPrefs": { "browser": "ALL" },
        });
        let Value::Object(capabilities) = capabilities else {
            unreachable!()
        };
        let client = ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .unwrap();
        Self { client, driver }
    }

    pub(crate) async fn goto(&self, address: &str) {
        self.client.goto(address).await.unwrap();
    }

    pub(crate) async fn wait(&self, css: &str) -> fantoccini::elements::Element {
        let wait = self.client.wait().at_most(Duration::from_secs(120));
        match wait.for_element(Locator::Css(css)).await {
            Ok(element) => element,
            Err(error) => panic!("no {css}: {error}\n{}", self.client.source().await.unwrap()),
        }
    }

    /// Clicks an element. The page may replace it in the moment before.
    pub(crate) async fn click(&self, css: &str) {
        for _ in 0..20 {
            if self.wait(css).await.click().await.is_ok() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{css} cannot be clicked");
    }

    pub(crate) async fn script(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.unwrap()
    }

    /// Waits until a script's answer is true.
    pub(crate) async fn until(&self, script: &str) {
        for _ in 0..2400 {
            if self.script(&format!("return Boolean({script})")).await == json!(true) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("never: {script}\n{}", self.client.source().await.unwrap());
    }

    pub(crate) async fn press(&self, keys: &str) {
        let page = self.client.find(Locator::Css("body")).await.unwrap();
        page.send_keys(keys).await.unwrap();
    }

    /// Waits until the notification contains this text.
    pub(crate) async fn toast(&self, text: &str) {
        let shown = "document.querySelector('.toast')?.textContent";
        self.until(&format!("{shown}.includes('{text}')")).await;
    }

    /// Waits until the snapshot with this story id is shown.
    pub(crate) async fn heading(&self, story: &str) {
        let shown = "document.querySelector('.detail h2')?.textContent";
        self.until(&format!("{shown} === '{story}'")).await;
    }

    /// Waits until this number of elements match.
    pub(crate) async fn count(&self, css: &str, count: usize) {
        let found = format!("document.querySelectorAll('{css}').length");
        self.until(&format!("{found} === {count}")).await;
    }

    pub(crate) async fn open_run(&self, review: &Review, run: &str) {
        self.goto(&format!("{}/#/run/{run}", review.address()))
            .await;
    }

    pub(crate) async fn open_card(&self, review: &Review, run: &str) {
        let address = format!("{}/#/run/{run}/{}", review.address(), encoded(CARD));
        self.goto(&address).await;
        self.wait(".detail .frame img").await;
    }

    pub(crate) async fn log_in(&self) {
        let name = self.wait("#log-in-text").await;
        name.send_keys("Mira").await.unwrap();
        let token = self.wait("#log-in-password").await;
        token.send_keys(TOKEN).await.unwrap();
        token.send_keys(&Key::Enter.to_string()).await.unwrap();
    }

    pub(crate) async fn close(self) {
        self.client.clone().close().await.unwrap();
    }
}

/// Also after a panic of the test.
impl Drop for Browser {
    fn drop(&mut self) {
        stop(&mut self.driver);
    }
}

/// Kills a driver with its browser.
fn stop(driver: &mut Child) {
    let group = format!("-{}", driver.id());
    let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
    let _ = driver.wait();
}

/// The token for the log-in.
pub(crate) const TOKEN: &str = "a token of many letters";

/// The driver and its port.
fn start_driver() -> Option<(Child, String)> {
    let mut driver = Command::new("chromedriver")
        .arg("--port=0")
        .process_group(0)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("chromedriver is installed");
    let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
    let port = lines.find_map(|line| {
        let line = line.ok()?;
        let (_, port) = line.split_once("started successfully on port ")?;
        Some(port.trim_end_matches('.').to_owned())
    });
    if port.is_none() {
        let _ = driver.wait();
    }
    std::thread::spawn(move || lines.for_each(drop));
    Some((driver, port?))
}
