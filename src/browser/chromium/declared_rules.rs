//! Finds the places of the rules that declare changed properties, in files or in
//! the sources that their source maps name.
//!
//! It has a connection of its own, so that the page that is captured is not
//! observed more than otherwise.

use std::time::Duration;

use futures_util::future::join_all;
use serde::Deserialize;
use serde_json::{Value, json};

use super::devtools::{DevTools, DevToolsError};
use super::page::ChromiumPage;
use super::source_maps::SourceMaps;
use crate::browser::page::{FoundRule, Page};
use crate::model::CauseSource;

/// How long all of it may take: an explanation is worth no more.
const LIMIT: Duration = Duration::from_secs(3);

/// How a property can be declared for an element, as the page's library says.
#[derive(Deserialize)]
struct Declaration {
    /// `::before`, or empty for the element itself.
    pseudo: String,
    /// The property, and the shorthands that can declare it.
    names: Vec<String>,
}

impl ChromiumPage {
    /// Adds the places of rules, and the rules that the page itself did not find.
    /// The properties are those of elements of the last layout digest. Nothing
    /// changes where the browser cannot tell.
    pub(in crate::browser) async fn locate_rules(
        &self,
        properties: &[(usize, String)],
        rules: &mut [Option<FoundRule>],
    ) {
        let located = tokio::time::timeout(LIMIT, self.declared_rules(properties)).await;
        let found = match located {
            Ok(Ok(found)) => found,
            Ok(Err(reason)) => return tracing::debug!(reason, "rules were not located"),
            Err(_) => return tracing::debug!("rules were not located in time"),
        };
        for (rule, found) in rules.iter_mut().zip(found) {
            let Some(mut found) = found else {
                continue;
            };
            if let Some(known) = rule
                && is_same_selector(&known.selector, &found.selector)
            {
                found.selector.clone_from(&known.selector);
                found.file.clone_from(&known.file);
            }
            *rule = Some(found);
        }
    }

    async fn declared_rules(
        &self,
        properties: &[(usize, String)],
    ) -> Result<Vec<Option<FoundRule>>, String> {
        if self.driver.remote.is_some() {
            return Err("the browser is on another machine".to_owned());
        }
        let declarations: Vec<Declaration> = self
            .call("digestedDeclarations", &[json!(properties)])
            .await
            .map_err(|error| error.to_string())?;
        let options = &self.driver.capabilities["goog:chromeOptions"];
        let debugger = options["debuggerAddress"].as_str().unwrap_or_default();
        let inspector = Inspector::connect(debugger, &self.target).await;
        let inspector = inspector.map_err(|error| error.to_string())?;
        let indices = properties.iter().map(|(index, _)| *index);
        let winners = indices.zip(&declarations).map(|(index, declaration)| {
            // An element may be gone.
            let inspector = &inspector;
            async move { inspector.winner(index, declaration).await.ok().flatten() }
        });
        let winners = join_all(winners).await;
        let mut maps = SourceMaps::default();
        let mut found = Vec::with_capacity(winners.len());
        for winner in winners {
            found.push(match winner {
                Some(rule) => Some(inspector.found(&rule, &mut maps).await),
                None => None,
            });
        }
        Ok(found)
    }
}

/// A connection that asks for styles.
struct Inspector {
    devtools: DevTools,
    /// The address of the page without its path.
    origin: String,
}

impl Inspector {
    async fn connect(debugger: &str, target: &str) -> Result<Self, DevToolsError> {
        let devtools = DevTools::connect(debugger, target).await?;
        let mut inspector = Self {
            devtools,
            origin: String::new(),
        };
        inspector.call("DOM.enable", json!({})).await?;
        // Every sheet is reported before the answer.
        inspector.call("CSS.enable", json!({})).await?;
        // Elements are known by numbers after this.
        inspector
            .call("DOM.getDocument", json!({ "depth": 0 }))
            .await?;
        let origin = json!({ "expression": "location.origin", "returnByValue": true });
        let answer = inspector.call("Runtime.evaluate", origin).await?;
        let origin = answer["result"]["value"].as_str();
        inspector.origin = origin.unwrap_or_default().to_owned();
        Ok(inspector)
    }

    async fn call(&self, method: &str, parameters: Value) -> Result<Value, DevToolsError> {
        self.devtools.call(method, parameters, LIMIT).await
    }

    /// The rule that declares a property of an element; `None` if no rule
    /// does, or the element's own `style` does.
    async fn winner(
        &self,
        index: usize,
        declaration: &Declaration,
    ) -> Result<Option<Value>, DevToolsError> {
        let expression = format!("__tintype.digestedElement({index})");
        let element = self.call("Runtime.evaluate", json!({ "expression": expression }));
        let element = element.await?["result"]["objectId"].take();
        let node = self.call("DOM.requestNode", json!({ "objectId": element }));
        let node = node.await?["nodeId"].take();
        let styles = self.call("CSS.getMatchedStylesForNode", json!({ "nodeId": node }));
        let mut styles = styles.await?;
        let pseudo = declaration.pseudo.trim_start_matches(':');
        let matches = match pseudo {
            "" if declares(&styles["inlineStyle"], &declaration.names).is_some() => {
                return Ok(None);
            }
            "" => styles["matchedCSSRules"].take(),
            pseudo => {
                let all = styles["pseudoElements"].as_array_mut();
                let mut all = all.into_iter().flatten();
                let its = all.find(|matches| matches["pseudoType"] == pseudo);
                its.map_or(Value::Null, |matches| matches["matches"].take())
            }
        };
        Ok(strongest(&matches, &declaration.names).cloned())
    }

    /// A rule with its place.
    async fn found(&self, rule: &Value, maps: &mut SourceMaps) -> FoundRule {
        let selector = selector(rule);
        let sheet = rule["styleSheetId"].as_str();
        let sheet = sheet.and_then(|sheet| self.devtools.events().sheet(sheet));
        let sheet = sheet.unwrap_or_default();
        let address = sheet["sourceURL"].as_str().unwrap_or_default();
        let start = &rule["selectorList"]["selectors"][0]["range"];
        let number = |value: &Value| u32::try_from(value.as_u64()?).ok();
        let at = number(&start["startLine"]).zip(number(&start["startColumn"]));
        let place = match at {
            Some(at) => match maps.original(&self.devtools, &sheet, at).await {
                Some(original) => Some(original),
                None => self.place(&sheet, at),
            },
            None => None,
        };
        FoundRule {
            selector,
            file: self.path(address).unwrap_or_default(),
            place,
        }
    }

    /// The place of a line and a column of a sheet in its file.
    fn place(&self, sheet: &Value, (line, column): (u32, u32)) -> Option<CauseSource> {
        let offset = |name: &str| u32::try_from(sheet[name].as_u64()?).ok();
        let first = (offset("startLine")?, offset("startColumn")?);
        // A `style` element that a script has made is nowhere in the file.
        if sheet["isInline"] == true && first == (0, 0) {
            return None;
        }
        let path = self.path(sheet["sourceURL"].as_str()?)?;
        let column = if line == 0 { column + first.1 } else { column };
        Some(CauseSource {
            file: path.trim_start_matches('/').to_owned(),
            line: Some(first.0 + line + 1),
            column: Some(column + 1),
        })
    }

    /// The path of a file of the page's own server.
    fn path(&self, address: &str) -> Option<String> {
        let path = address.strip_prefix(&self.origin)?;
        let path = path.split(['?', '#']).next()?;
        path.starts_with('/').then(|| path.to_owned())
    }
}

/// The strongest of the rules that declare one of these properties. The browser
/// lists them from the weakest to the strongest.
fn strongest<'a>(matches: &'a Value, names: &[String]) -> Option<&'a Value> {
    let matches = matches.as_array()?.iter().map(|matched| &matched["rule"]);
    let authored = matches.filter(|rule| rule["origin"] == "regular");
    let declaring = authored.filter_map(|rule| {
        let is_important = declares(&rule["style"], names)?;
        Some((is_important, rule))
    });
    // Of equal ones, the last.
    let strongest = declaring.max_by_key(|(is_important, _)| *is_important);
    strongest.map(|(_, rule)| rule)
}

/// Whether declarations have one of these properties, and if so, whether it is
/// important.
fn declares(style: &Value, names: &[String]) -> Option<bool> {
    let declared = style["cssProperties"].as_array()?;
    let declared = declared.iter().filter(|property| {
        let name = property["name"].as_str();
        let is_valid = property["parsedOk"] != false && property["disabled"] != true;
        is_valid && name.is_some_and(|name| names.iter().any(|other| other == name))
    });
    declared.map(|property| property["important"] == true).max()
}

/// The selector of a rule, with those of the rules around it.
fn selector(rule: &Value) -> String {
    let own = rule["selectorList"]["text"].as_str().unwrap_or_default();
    let around = rule["nestingSelectors"].as_array();
    let around = around.into_iter().flatten().filter_map(Value::as_str);
    let whole = around.fold(own.to_owned(), |inner, outer| match inner.contains('&') {
        true => inner.replace('&', outer),
        false => format!("{outer} {inner}"),
    });
    whole.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether two selectors differ in spaces at most.
fn is_same_selector(one: &str, other: &str) -> bool {
    let plain = |text: &str| -> String { text.split_whitespace().collect() };
    plain(one) == plain(other)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{selector, strongest};

    fn matched(selector: &str, name: &str, important: bool) -> Value {
        json!({ "rule": {
            "origin": "regular",
            "selectorList": { "text": selector },
            "style": { "cssProperties": [{ "name": name, "important": important }] },
        } })
    }

    #[test]
    fn the_last_rule_is_the_strongest_unless_another_is_important() {
        let winner = |rules: &[Value]| {
            let names = ["color".to_owned(), "all".to_owned()];
            strongest(&json!(rules), &names).map(selector)
        };
        let (a, b) = (matched(".a", "color", false), matched(".b", "all", false));
        let (c, d) = (matched(".c", "color", true), matched(".d", "top", true));
        assert_eq!(
            winner(&[a.clone(), b.clone(), d.clone()]).as_deref(),
            Some(".b")
        );
        assert_eq!(winner(&[c, a, b]).as_deref(), Some(".c"));
        assert_eq!(winner(&[d]), None);
    }

    #[test]
    fn nested_selectors_are_put_together() {
        let rule = json!({
            "selectorList": { "text": "&:hover,\n &.on" },
            "nestingSelectors": [".inner", ".outer"],
        });
        assert_eq!(selector(&rule), ".outer .inner:hover, .inner.on");
    }
}
