//! Reads the source maps of style sheets.

use std::collections::HashMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sourcemap::{DecodedMap, decode_data_url, decode_slice};
use url::Url;

use super::devtools::DevTools;
use crate::model::CauseSource;

/// How long one command may take.
const LIMIT: Duration = Duration::from_secs(2);
/// The largest map that is read, in bytes.
const MAX_BYTES: usize = 16 << 20;

/// The maps of the sheets of a page, each read once.
#[derive(Default)]
pub(super) struct SourceMaps {
    maps: HashMap<String, Option<DecodedMap>>,
}

impl SourceMaps {
    /// The place in a source that a line and a column of a sheet, from 0, come
    /// from. `None` without a map.
    pub(super) async fn original(
        &mut self,
        devtools: &DevTools,
        sheet: &Value,
        (line, column): (u32, u32),
    ) -> Option<CauseSource> {
        let map_url = sheet["sourceMapURL"]
            .as_str()
            .filter(|url| !url.is_empty())?;
        let id = sheet["styleSheetId"].as_str()?.to_owned();
        let base = Url::parse(sheet["sourceURL"].as_str().unwrap_or_default()).ok();
        if !self.maps.contains_key(&id) {
            let read = read(devtools, sheet, base.as_ref(), map_url).await;
            self.maps.insert(id.clone(), read);
        }
        let token = self.maps.get(&id)?.as_ref()?.lookup_token(line, column)?;
        Some(CauseSource {
            file: file(token.get_source()?, base.as_ref()),
            line: Some(token.get_src_line().checked_add(1)?),
            column: Some(token.get_src_col().checked_add(1)?),
        })
    }
}

async fn read(
    devtools: &DevTools,
    sheet: &Value,
    base: Option<&Url>,
    map_url: &str,
) -> Option<DecodedMap> {
    if map_url.starts_with("data:") {
        let is_small = map_url.len() <= MAX_BYTES;
        return is_small.then(|| decode_data_url(map_url).ok()).flatten();
    }
    let url = Url::options().base_url(base).parse(map_url).ok()?;
    let loaded = json!({
        "frameId": sheet["frameId"],
        "url": url.as_str(),
        "options": { "disableCache": false, "includeCredentials": true },
    });
    // As the developer tools do: pages may not read maps of other origins.
    let loaded = devtools.call("Network.loadNetworkResource", loaded, LIMIT);
    let stream = loaded.await.ok()?["resource"]["stream"].take();
    let mut bytes = Vec::new();
    while bytes.len() <= MAX_BYTES {
        let part = devtools.call("IO.read", json!({ "handle": stream }), LIMIT);
        let part = part.await.ok()?;
        let data = part["data"].as_str()?;
        match part["base64Encoded"] == true {
            true => bytes.extend(STANDARD.decode(data).ok()?),
            false => bytes.extend(data.as_bytes()),
        }
        if part["eof"] == true {
            return decode_slice(&bytes).ok();
        }
    }
    None
}

/// A source as people know it: `webpack://app/./src/a.scss` is `src/a.scss`, and
/// a relative name is one from the root of the server.
fn file(source: &str, base: Option<&Url>) -> String {
    if let Some((scheme, rest)) = source.split_once("://")
        && !matches!(scheme, "http" | "https")
    {
        let path = match rest.split_once('/') {
            Some((_, path)) => path,
            None => rest,
        };
        return path.trim_start_matches(['.', '/']).to_owned();
    }
    let resolved = Url::options().base_url(base).parse(source).ok();
    let path = resolved.as_ref().map_or(source, Url::path);
    path.trim_start_matches('/').to_owned()
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::file;

    #[test]
    fn sources_are_named_from_the_root() {
        let base = Url::parse("http://127.0.0.1:1/css/app.css").unwrap();
        for (source, expected) in [
            ("webpack://app/./src/a.scss", "src/a.scss"),
            ("webpack:///src/a.scss", "src/a.scss"),
            ("../src/a.scss?x", "src/a.scss"),
            ("a.scss", "css/a.scss"),
            ("/a.scss", "a.scss"),
            ("http://127.0.0.1:1/b/a.scss", "b/a.scss"),
        ] {
            assert_eq!(file(source, Some(&base)), expected);
        }
        assert_eq!(file("a.scss", None), "a.scss");
    }
}
