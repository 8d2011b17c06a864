#!lua
-- Shared functions, prepended to every script.
--
-- The shebang line makes a server that is out of memory refuse the script before
-- its first write, so that no script is applied in part.
--
-- A server that is killed while it writes its append-only file may bring back
-- the first commands of a script that was not completed, when it starts for the
-- second time. So no script increments: commands store values, and the last one
-- is that which makes the script's operation count as applied.
--
-- KEYS 1 control hash  2 run document  3 event stream  4 sorted set of workers
-- ARGV 1 the run's channel  2 the channel of all events  3 length of the stream
--
-- Fields of the control hash:
--   head, tail       the run document before and after its summary
--   start            start of the run, ms, by the clock of the worker that created it
--   planned          number of snapshots in all different plans of the workers
--   shared           1 if the run consists of several processes
--   said             the worst reason of all workers that left
--   died             1 if a worker died without leaving, or lost an operation
--   endAt, endTime   end of the run; absent until then
--   seen             last heartbeat of any worker, ms, by the server's clock
--   n                sequence number of the last event
--   c:{status}       number of snapshots with that final status
--   a:{writer}       sequence number of the last operation applied for that writer
--   w:{writer}       number of snapshots that this worker planned
--   p:{plan}         number of snapshots of a plan, which several workers can share
--   s:{key}          `{at}|{status}|{writer}` of a snapshot; earlier versions have not noted the writer
--   d:{key}          `{at}|{writer}|{mark}` of the last decision on a snapshot; without a mark it was undone
--   `queue.lua` documents those of a shared run.
--
-- The sorted set of workers has `{host},{writer}` of every worker that has not
-- left, by its last heartbeat in ms.
local control, document, stream, alive = KEYS[1], KEYS[2], KEYS[3], KEYS[4]

local function now()
  local t = redis.call('TIME')
  return tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
end

-- Appends an event to the stream and publishes it. JSON is built from parts and
-- never decoded, as Lua would change its numbers. `at` is the time of the
-- operation in ms, which a replay keeps. `changes`, fields and values of the
-- control hash, are stored last.
local function publish(name, fields, at, changes)
  local n = tonumber(redis.call('HGET', control, 'n') or '0') + 1
  local body = '{"type":"' .. name .. '",' .. fields .. string.format(',"ts":%.0f,"n":%.0f', tonumber(at), n)
  local id = redis.call('XADD', stream, '*', 'event', body .. '}')
  local message = body .. ',"id":"' .. id .. '"}'
  redis.call('PUBLISH', ARGV[1], message)
  redis.call('PUBLISH', ARGV[2], message)
  redis.call('HSET', control, 'n', string.format('%.0f', n), unpack(changes or {}))
  if n % 100 == 0 then redis.call('XTRIM', stream, 'MAXLEN', '~', ARGV[3]) end
  return id
end

local STATUSES = {'passed', 'failed', 'changed', 'skipped', 'new'}

local function add_up(s)
  s.total = 0
  for _, status in ipairs(STATUSES) do s.total = s.total + s[status] end
  return s
end

local function state()
  local h = redis.call('HMGET', control, 'head', 'tail', 'start', 'planned', 'said', 'died', 'endAt', 'endTime',
    'c:passed', 'c:failed', 'c:changed', 'c:skipped', 'c:new', 'populated')
  local s = {head = h[1], tail = h[2], start = tonumber(h[3]), planned = tonumber(h[4] or '0'), said = h[5], died = h[6],
    endAt = tonumber(h[7] or ''), endTime = h[8], queued = h[14]}
  for i, status in ipairs(STATUSES) do s[status] = tonumber(h[8 + i] or '0') end
  return add_up(s)
end

local function summary(s)
  return string.format('"summary":{"total":%.0f,"passed":%.0f,"failed":%.0f,"changed":%.0f,"skipped":%.0f,"new":%.0f}',
    s.total, s.passed, s.failed, s.changed, s.skipped, s.new)
end

-- Why the run ended. It is derived from the state alone, so that a late result
-- updates it.
--
-- New snapshots are no failure if all workers report that they passed, as they
-- have accepted them.
local function reason(s)
  if s.said == 'error' or s.said == 'interrupted' then return s.said end
  if (s.died or s.queued) and s.total < s.planned then return 'interrupted' end
  if s.said == 'failed' or s.failed > 0 then return 'failed' end
  if s.new > 0 and (s.said ~= 'passed' or s.died) then return 'failed' end
  if s.said ~= 'passed' and s.planned > 0 and s.total == s.skipped then return 'failed' end
  return 'passed'
end

local function write_document(s)
  local ended = ''
  if s.endAt then
    ended = string.format(',"endTime":"%s","duration":%.0f,"reason":"%s"', s.endTime, math.max(0, s.endAt - s.start), reason(s))
  end
  redis.call('SET', document, s.head .. ended .. ',' .. summary(s) .. s.tail)
end

-- Checks that an operation is the next one of its writer: nil if so, otherwise
-- the reply.
local function check_sequence(head, applied, seq)
  if not head then return {'NORUN'} end
  local last = tonumber(applied or '0')
  if tonumber(seq) <= last then return {'DUP', string.format('%.0f', last)} end
  if tonumber(seq) > last + 1 then return {'GAP', string.format('%.0f', last)} end
end

-- Records a heartbeat of a worker, or removes a worker that left.
local function set_alive(writer, host, has_left)
  local t, member = string.format('%.0f', now()), host .. ',' .. writer
  if has_left then redis.call('ZREM', alive, member) else redis.call('ZADD', alive, t, member) end
  redis.call('HSET', control, 'seen', t)
end

-- Sets or removes the mark of a decision in the document of a snapshot. Only the
-- end of the text changes, so that all other fields stay as they are.
local function with_mark(text, mark, at)
  text = string.gsub(text, ',"acceptedAt":%d+}%s*$', '}')
  text = string.gsub(text, ',"rejectedAt":%d+}%s*$', '}')
  if mark == '' then return text end
  return (string.gsub(text, '}%s*$', ',"' .. mark .. '":' .. at .. '}'))
end

-- The number of workers that are alive, and of those that died without leaving.
-- All workers on `dead_host` are known to be dead; any other worker is dead after
-- `limit` ms without a heartbeat.
local function count_workers(dead_host, limit)
  local since, all = string.format('%.0f', now() - limit), redis.call('ZCARD', alive)
  if dead_host == '' then
    local live = redis.call('ZCOUNT', alive, since, '+inf')
    return live, all - live
  end
  local live, start = 0, dead_host .. ','
  for _, worker in ipairs(redis.call('ZRANGEBYSCORE', alive, since, '+inf')) do
    if string.sub(worker, 1, #start) ~= start then live = live + 1 end
  end
  return live, all - live
end

-- Ends the run if no worker is alive.
local function try_to_end(fields, at, text, dead_host, limit)
  local s = state()
  if not s.head then return {'NORUN'} end
  if s.endAt then return {'ALREADY', reason(s)} end
  local live, lost = count_workers(dead_host, limit)
  if live > 0 then return {'PENDING', tostring(live)} end
  -- A shared run may have no live worker between two processes, unless its queue
  -- has come to its end or it was canceled.
  local h = redis.call('HMGET', control, 'shared', 'seen')
  local is_over = s.queued and (s.total >= s.planned or s.said == 'interrupted')
  if h[1] == '1' and not is_over and dead_host == '' and now() - tonumber(h[2] or '0') <= limit then return {'PENDING', '0'} end
  if lost > 0 then s.died = '1'; redis.call('HSET', control, 'died', '1') end
  s.endAt, s.endTime = tonumber(at), text
  write_document(s)
  local ended = fields .. ',' .. summary(s) .. ',"reason":"' .. reason(s) .. '"'
  publish('run:finished', ended, at, {'endAt', at, 'endTime', text})
  return {'ENDED', reason(s)}
end

