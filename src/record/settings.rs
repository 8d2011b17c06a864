//! Where the record is kept, as the environment says.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ::redis::{ConnectionAddr, ConnectionInfo, IntoConnectionInfo};

use super::error::RecordError;
use super::keys::Keys;
use super::memory::MemoryStore;
use super::redis::RedisStore;
use super::redis::link::{Connection, Place};
use super::servers;
use super::store::Store;
use crate::model::RunId;

/// Where the record is kept and where its journals lie.
#[derive(Clone, Debug)]
pub struct RecordSettings {
    pub(super) place: Option<Place>,
    /// Why there is no place but memory.
    why: &'static str,
    name: String,
    keys: Keys,
    /// Where journals lie; none means in memory.
    pub(super) journals: Option<PathBuf>,
}

impl RecordSettings {
    /// Reads `REDIS_URL`, or `REDIS_HOST`, `REDIS_PORT`, `REDIS_PASSWORD` and
    /// `REDIS_DB`, and `REDIS_PREFIX`. Without a server's name the record goes
    /// to a private redis-server under `target_dir` (`…/target/tintype`), or
    /// to memory if none is installed.
    ///
    /// # Errors
    /// When a variable holds what cannot be meant; the error names it.
    pub fn from_env(target_dir: &Path) -> Result<Self, RecordError> {
        Self::from_variables(target_dir, |name| std::env::var_os(name))
    }

    /// Like [`from_env`](Self::from_env), with variables of the caller's.
    ///
    /// # Errors
    /// When a variable holds what cannot be meant; the error names it.
    pub fn from_variables(
        target_dir: &Path,
        variable: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Self, RecordError> {
        let text = |name: &'static str| text_of(name, variable(name));
        let prefix = text("REDIS_PREFIX")?.unwrap_or_default();
        if prefix.contains(['{', '}']) {
            return Err(bad(
                "REDIS_PREFIX",
                &prefix,
                "holds braces, which decide on slots of a cluster: leave them out",
            ));
        }
        let mut settings = Self {
            journals: Some(target_dir.join("journal")),
            keys: Keys::new(prefix),
            ..Self::memory()
        };
        let place = match text("REDIS_URL")? {
            Some(url) => Some(by_url(&url)?),
            None => by_parts(&text)?,
        };
        if let Some((place, name)) = place {
            (settings.place, settings.name) = (Some(place), name);
        } else {
            settings.private(&target_dir.join("redis"), variable("PATH"));
        }
        Ok(settings)
    }

    /// Keeps the record in the memory of this process, and no journal.
    pub fn memory() -> Self {
        Self {
            place: None,
            why: "",
            name: "memory".to_owned(),
            keys: Keys::default(),
            journals: None,
        }
    }

    #[cfg(unix)]
    fn private(&mut self, folder: &Path, path: Option<OsString>) {
        use super::redis::private::PrivateServer;
        match PrivateServer::find(folder, &path.unwrap_or_default()) {
            Some(server) => {
                let socket = server.socket().display();
                self.name = format!("private redis-server (unix:{socket})");
                self.place = Some(Place::Private(server));
            }
            None => self.why = "no redis-server on the PATH",
        }
    }

    #[cfg(not(unix))]
    fn private(&mut self, _folder: &Path, _path: Option<OsString>) {
        self.why = "REDIS_URL is not set";
    }

    /// A run's id as this place needs it: on Redis Cluster it stands in
    /// braces, so that the keys of a run share a slot.
    pub fn run_id(&self, id: RunId) -> RunId {
        if self.is_cluster() && !braced(&id) {
            RunId(format!("{{{id}}}"))
        } else {
            id
        }
    }

    /// Refuses an id that [`run_id`](Self::run_id) would change.
    pub(super) fn check(&self, id: &RunId) -> Result<(), RecordError> {
        if self.run_id(id.clone()) == *id {
            Ok(())
        } else {
            Err(RecordError::Braces {
                run_id: id.to_string(),
            })
        }
    }

    fn is_cluster(&self) -> bool {
        self.place.as_ref().is_some_and(Place::is_cluster)
    }

    /// Where the record is, without passwords, with the prefix: what journals
    /// name as their destination.
    pub(super) fn destination(&self) -> String {
        format!("{} {}", self.name, self.keys.prefix())
            .trim_end()
            .to_owned()
    }

    /// Where the record is, in one line, without passwords.
    pub fn describe(&self) -> String {
        match &self.place {
            Some(_) => format!("record: {}", self.name),
            None if self.why.is_empty() => "record: memory".to_owned(),
            None => format!("record: memory ({})", self.why),
        }
    }

    /// Whether the environment names the server, so that other machines may
    /// use it too.
    pub fn names_a_server(&self) -> bool {
        match &self.place {
            None => false,
            #[cfg(unix)]
            Some(Place::Private(_)) => false,
            Some(_) => true,
        }
    }

    /// The prefix of every key.
    pub fn prefix(&self) -> &str {
        self.keys.prefix()
    }

    /// A connection of the caller's own to the server that keeps the record,
    /// for what is no part of the record: reviewers' sessions. None where the
    /// record is in memory.
    ///
    /// # Errors
    /// When the server cannot be reached.
    pub async fn connect(&self) -> Result<Option<Connection>, RecordError> {
        match &self.place {
            Some(place) => Ok(Some(Connection(place.connect().await?))),
            None => Ok(None),
        }
    }

    /// An empty record in memory.
    pub(super) fn in_memory(&self) -> MemoryStore {
        MemoryStore::new(self.why)
    }

    /// The store at this place; nothing is connected yet.
    pub fn store(&self) -> Arc<dyn Store> {
        match &self.place {
            None => Arc::new(self.in_memory()),
            Some(place) => Arc::new(RedisStore::new(
                place.clone(),
                self.name.clone(),
                self.keys.clone(),
            )),
        }
    }
}

fn braced(id: &RunId) -> bool {
    let inside = id
        .as_str()
        .split_once('{')
        .and_then(|(_, rest)| rest.split_once('}'));
    inside.is_some_and(|(tag, _)| !tag.is_empty())
}

fn text_of(name: &'static str, value: Option<OsString>) -> Result<Option<String>, RecordError> {
    let Some(value) = value else {
        return Ok(None);
    };
    let text = value
        .into_string()
        .map_err(|value| bad(name, &value.to_string_lossy(), "is not UTF-8"))?;
    Ok((!text.is_empty()).then_some(text))
}

fn bad(variable: &'static str, value: &str, problem: impl Into<String>) -> RecordError {
    RecordError::Variable {
        variable,
        value: value.to_owned(),
        problem: problem.into(),
    }
}

fn by_url(url: &str) -> Result<(Place, String), RecordError> {
    let name = without_password(url);
    let wrong = |problem: &str| bad("REDIS_URL", &name, problem);
    let scheme = url.split_once("://").map_or("", |(scheme, _)| scheme);
    match scheme {
        "redis" | "valkey" | "unix" | "redis+unix" | "valkey+unix" => {}
        "rediss" | "valkeys" if cfg!(feature = "tls") => {}
        "rediss" | "valkeys" => {
            return Err(wrong("asks for TLS: build tintype with its feature `tls`"));
        }
        "redis+cluster" | "rediss+cluster" | "redis+sentinel" => {
            return servers::by_url(url)
                .map(|place| (place, name.clone()))
                .map_err(|e| wrong(&e));
        }
        _ => {
            return Err(wrong(
                "is none of redis://, rediss://, unix://, redis+cluster:// and redis+sentinel://",
            ));
        }
    }
    let info = url
        .into_connection_info()
        .map_err(|e| wrong(&format!("cannot be read: {e}")))?;
    Ok((Place::Single(Box::new(info)), name))
}

fn by_parts(
    text: &impl Fn(&'static str) -> Result<Option<String>, RecordError>,
) -> Result<Option<(Place, String)>, RecordError> {
    let (host, port) = (text("REDIS_HOST")?, text("REDIS_PORT")?);
    if host.is_none() && port.is_none() {
        return Ok(None);
    }
    let host = host.unwrap_or_else(|| "127.0.0.1".to_owned());
    let port: u16 = number("REDIS_PORT", port, 6379)?;
    let db: u16 = number("REDIS_DB", text("REDIS_DB")?, 0)?;
    let info = ConnectionAddr::Tcp(host.clone(), port)
        .into_connection_info()
        .map_err(|e| bad("REDIS_HOST", &host, format!("cannot be used: {e}")))?;
    let mut login = info.redis_settings().clone().set_db(i64::from(db));
    if let Some(password) = text("REDIS_PASSWORD")? {
        login = login.set_password(password);
    }
    let info: ConnectionInfo = info.set_redis_settings(login);
    let name = format!("redis://{host}:{port}/{db}");
    Ok(Some((Place::Single(Box::new(info)), name)))
}

fn number(name: &'static str, value: Option<String>, otherwise: u16) -> Result<u16, RecordError> {
    let Some(value) = value else {
        return Ok(otherwise);
    };
    let wrong = |_| bad(name, &value, "is not a number from 0 to 65535");
    value.parse().map_err(wrong)
}

/// A URL without what stands between `:` and `@` of its user part, and without
/// a password among its parameters.
fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        let shown = if url.contains('@') { "(hidden)" } else { url };
        return shown.to_owned();
    };
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    match rest.rsplit_once('@') {
        None => format!("{scheme}://{rest}"),
        Some((login, server)) => match login.split_once(':').map_or(login, |(user, _)| user) {
            "" => format!("{scheme}://{server}"),
            user => format!("{scheme}://{user}@{server}"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::RecordSettings;
    use std::path::Path;

    fn read(variables: &[(&str, &str)]) -> String {
        let lookup = |name: &str| {
            let found = variables.iter().find(|(n, _)| *n == name);
            found.map(|(_, value)| value.into())
        };
        match RecordSettings::from_variables(Path::new("/p/target/tintype"), lookup) {
            Ok(settings) => settings.describe(),
            Err(error) => format!("failed to {error}"),
        }
    }

    #[test]
    fn the_environment_names_the_place() {
        let lines = [
            read(&[]),
            read(&[("REDIS_URL", "")]),
            read(&[("REDIS_URL", "redis://:secret@cache:6380/2")]),
            read(&[("REDIS_URL", "redis://ci:se@cret@cache:6380/2")]),
            read(&[("REDIS_URL", "unix:///run/redis.sock?db=1&pass=secret")]),
            read(&[("REDIS_HOST", "cache")]),
            read(&[
                ("REDIS_PORT", "7000"),
                ("REDIS_DB", "3"),
                ("REDIS_PASSWORD", "secret"),
            ]),
        ];
        insta::assert_snapshot!(lines.join("\n"), @r"
        record: memory (no redis-server on the PATH)
        record: memory (no redis-server on the PATH)
        record: redis://cache:6380/2
        record: redis://ci@cache:6380/2
        record: unix:///run/redis.sock
        record: redis://cache:6379/0
        record: redis://127.0.0.1:7000/3
        ");
    }

    #[test]
    fn what_cannot_be_meant_is_named() {
        let lines = [
            read(&[("REDIS_URL", "localhost:6379")]),
            read(&[("REDIS_URL", "http://:secret@cache")]),
            read(&[("REDIS_HOST", "cache"), ("REDIS_PORT", "many")]),
            read(&[("REDIS_PREFIX", "{team}:")]),
        ];
        insta::assert_snapshot!(lines.join("\n"), @r"
        failed to read REDIS_URL: `localhost:6379` is none of redis://, rediss://, unix://, redis+cluster:// and redis+sentinel://
        failed to read REDIS_URL: `http://cache` is none of redis://, rediss://, unix://, redis+cluster:// and redis+sentinel://
        failed to read REDIS_PORT: `many` is not a number from 0 to 65535
        failed to read REDIS_PREFIX: `{team}:` holds braces, which decide on slots of a cluster: leave them out
        ");
    }
}
