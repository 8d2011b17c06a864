//! Redis Cluster: splits pipelines by slot, because a pipeline goes to one
//! server. The keys of a run share a slot; the lists of runs and the histories
//! of stories have other slots.

use std::collections::HashMap;

use ::redis::aio::ConnectionLike;
use ::redis::cluster_async::ClusterConnection;
use ::redis::{Arg, Cmd, Pipeline, RedisFuture, RedisResult, Value};
use tokio::task::JoinSet;

/// Sends the commands of a pipeline, those of each slot together and in order,
/// and returns the replies in the pipeline's order.
pub(super) fn send<'a>(
    connection: &'a ClusterConnection,
    pipeline: &'a Pipeline,
) -> RedisFuture<'a, Vec<Value>> {
    Box::pin(async move {
        let mut by_tag: HashMap<Vec<u8>, (Vec<usize>, Pipeline)> = HashMap::new();
        for (index, command) in pipeline.cmd_iter().enumerate() {
            let part = by_tag.entry(tag_of(command)).or_default();
            part.0.push(index);
            part.1.add_command(command.clone());
        }
        let mut sent = JoinSet::new();
        for (indices, part) in by_tag.into_values() {
            let mut connection = connection.clone();
            sent.spawn(async move {
                let replies = connection
                    .req_packed_commands(&part, 0, indices.len())
                    .await?;
                RedisResult::Ok((indices, replies))
            });
        }
        let mut all = vec![Value::Nil; pipeline.len()];
        while let Some(part) = sent.join_next().await {
            let (indices, replies) = part.map_err(|e| std::io::Error::other(e.to_string()))??;
            for (index, reply) in std::iter::zip(indices, replies) {
                all[index] = reply;
            }
        }
        Ok(all)
    })
}

/// The hash tag of a command's first key: the text between its first braces,
/// or all of it.
fn tag_of(command: &Cmd) -> Vec<u8> {
    let words: Vec<_> = command
        .args_iter()
        .filter_map(|arg| match arg {
            Arg::Simple(word) => Some(word),
            _ => None,
        })
        .collect();
    let key = match words.first() {
        // EVALSHA hash count key …
        Some(&b"EVALSHA") => words.get(3),
        _ => words.get(1),
    };
    let key = key.copied().unwrap_or_default();
    let inside = key.iter().position(|b| *b == b'{').and_then(|open| {
        let rest = &key[open + 1..];
        let length = rest.iter().position(|b| *b == b'}')?;
        (length > 0).then(|| &rest[..length])
    });
    inside.unwrap_or(key).to_vec()
}

#[cfg(test)]
mod tests {
    use super::tag_of;

    #[test]
    fn the_hash_tag_is_the_text_in_braces() {
        let tag = |words: &[&str]| {
            let mut command = ::redis::cmd(words[0]);
            command.arg(&words[1..]);
            String::from_utf8(tag_of(&command)).unwrap()
        };
        assert_eq!(tag(&["GET", "visualrun:{run-1}:tests"]), "run-1");
        assert_eq!(tag(&["EVALSHA", "0a", "2", "a:{r}", "b:{r}"]), "r");
        assert_eq!(
            tag(&["SADD", "visualruns:index", "{run-1}"]),
            "visualruns:index"
        );
        assert_eq!(tag(&["GET", "a{}b"]), "a{}b");
    }
}
