//! Logins are shared by processes through Redis, and never written unencrypted.

use libtest_mimic::Trial;

use super::login::{ACCEPT, FORM, holds_no_secret, manifest};
use super::project::Project;
use super::support::gate::Gate;
use super::support::server::Server;
use super::trials;

pub(crate) fn tests() -> Vec<Trial> {
    trials![
        a_login_is_shared_encrypted_through_redis,
        invalid_shared_logins_are_replaced,
        one_process_logs_in_at_a_time,
        an_invalid_login_key_is_refused,
    ]
}

const KEY: &str = "d1c0ffee5eedd1c0ffee5eedd1c0ffee5eed";

fn a_login_is_shared_encrypted_through_redis() {
    let gate = Gate::start();
    let server = Server::start(&["--appendonly", "yes", "--appendfsync", "always"]);
    let project = Project::new(&manifest(&gate, FORM), &[]);
    let url = server.url();
    let with = |key: &'static str| {
        let mut variables = ACCEPT.to_vec();
        variables.push(("REDIS_URL", &*url));
        variables.push(("TINTYPE_LOGIN_KEY", key));
        let run = project.run(&[], &variables);
        assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
        gate.logins()
    };
    assert_eq!(with(KEY), 1);
    assert_eq!(with(KEY), 1, "it is there already");
    let keys = server.cli(&["KEYS", "tintype:login:*"]);
    assert_eq!(keys.lines().count(), 1, "{keys}");
    let left: i64 = server.cli(&["PTTL", &keys]).parse().unwrap();
    assert!((1..=3_600_000).contains(&left), "{left}");
    assert_eq!(with("another key, which opens nothing of it"), 2);
    assert_eq!(with(""), 3, "without a key nothing is shared");
    // The server has dropped all sessions: the stored login has expired.
    gate.forget();
    assert_eq!(with(KEY), 4);
    assert_eq!(with(KEY), 4);
    server.cli(&["SAVE"]);
    holds_no_secret(server.folder.path());
    holds_no_secret(project.path());
}

/// Others write to the Redis server of the logins.
fn invalid_shared_logins_are_replaced() {
    let gate = Gate::start();
    let server = Server::start(&[]);
    let project = Project::new(&manifest(&gate, FORM), &[]);
    let url = server.url();
    let run = || {
        let mut variables = ACCEPT.to_vec();
        variables.extend([("REDIS_URL", &*url), ("TINTYPE_LOGIN_KEY", KEY)]);
        variables.push(("TINTYPE_LOG", "warn"));
        let run = project.run(&["a::"], &variables);
        assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
        run.stderr
    };
    run();
    let key = server.cli(&["KEYS", "tintype:login:*"]);
    let keep = "redis.call('SET', KEYS[2], redis.call('GET', KEYS[1]))";
    server.cli(&["EVAL", keep, "2", &key, "kept"]);
    for (name, attack) in [
        ("empty", "redis.call('SET', KEYS[1], '')"),
        (
            "bytes",
            r"redis.call('SET', KEYS[1], '\255\254\0' .. string.rep('x', 3000000))",
        ),
        (
            "another type",
            "redis.call('DEL', KEYS[1]) redis.call('RPUSH', KEYS[1], 'a', 'b')",
        ),
        (
            "cut",
            "redis.call('SET', KEYS[1], string.sub(redis.call('GET', KEYS[2]), 1, -2))",
        ),
        (
            "changed",
            "local kept = redis.call('GET', KEYS[2]) local last = string.byte(kept, -1) \
             redis.call('SET', KEYS[1], string.sub(kept, 1, -2) .. string.char((last + 1) % 256))",
        ),
    ] {
        let before = gate.logins();
        server.cli(&["EVAL", attack, "2", &key, "kept"]);
        let warnings = run();
        assert_eq!(gate.logins(), before + 1, "{name}");
        let told = format!("the shared login `{key}` is invalid and is replaced");
        assert!(warnings.contains(&told), "{name}: {warnings}");
        run();
        assert_eq!(gate.logins(), before + 1, "{name}: it is valid again");
    }
}

fn one_process_logs_in_at_a_time() {
    let gate = Gate::start();
    let server = Server::start(&[]);
    let project = Project::new(&manifest(&gate, FORM), &[]);
    let url = server.url();
    let processes: Vec<_> = ["a::", "b::", "c::"]
        .into_iter()
        .map(|story| {
            let mut suite = project.suite(&[story]);
            suite.envs(ACCEPT).env("REDIS_URL", &url);
            suite.env("TINTYPE_LOGIN_KEY", KEY);
            suite.spawn().unwrap()
        })
        .collect();
    for process in processes {
        let output = process.wait_with_output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }
    assert_eq!(gate.logins(), 1);
    let keys = server.cli(&["KEYS", "tintype:login:*"]);
    assert_eq!(keys.lines().count(), 1, "no lock is left: {keys}");
}

fn an_invalid_login_key_is_refused() {
    let gate = Gate::start();
    let project = Project::new(&manifest(&gate, FORM), &[]);
    let run = project.run(&[], &[("TINTYPE_LOGIN_KEY", "tooshortasecret")]);
    assert_eq!(run.code, Some(101));
    let told = "TINTYPE_LOGIN_KEY is invalid: expected at least 32 characters, found 15";
    assert!(run.stderr.contains(told), "{}", run.stderr);
    assert!(!format!("{}{}", run.stdout, run.stderr).contains("tooshortasecret"));
}
