#!lua
-- Shared functions of the scripts of locks, prepended to each of them. A lock is
-- fair: first come, first served.
--
-- As in `prelude.lua`, commands store values and never increment. One command
-- grants a lock; those after it remove the waiter from the queue, and every later
-- call of the holder repeats them.
--
-- KEYS 1 lock hash  2 queue  3 sorted set of waiters by deadline
-- ARGV 1 owner, a name that no other request has  2 number of slots  3 lease, ms
--
-- Fields of the hash:
--   fence            the last token, which rises strictly
--   holders          a line for each: `{token}|{deadline, ms}|{slots}|{owner}`
--   w:{owner}        number of slots that a waiter names
--
-- The queue has the waiters by a ticket that rises; a waiter asks again before its
-- deadline, or leaves the queue.
local lock, queue, waiters = KEYS[1], KEYS[2], KEYS[3]
local owner, slots, lease = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
-- How long an unused lock is kept, ms.
local KEEP = 86400000

local t = redis.call('TIME')
local now = tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)

-- A token that is higher than every one before, also if the clock is set back.
local function mint(last)
  local token = tonumber(t[1]) * 1000000 + tonumber(t[2])
  return math.max(token, last + 1)
end

-- The holders in their order, and the last token.
local function state()
  local h = redis.call('HMGET', lock, 'holders', 'fence')
  local holders = {}
  for token, deadline, count, name in string.gmatch(h[1] or '', '(%d+)|(%d+)|(%d+)|([^\n]*)\n') do
    holders[#holders + 1] = {token = token, deadline = tonumber(deadline), slots = tonumber(count), owner = name}
  end
  return holders, tonumber(h[2] or '0')
end

-- Stores the holders and the last token in one command.
local function store(holders, fence)
  local text = ''
  for _, h in ipairs(holders) do
    text = text .. string.format('%s|%.0f|%.0f|%s\n', h.token, h.deadline, h.slots, h.owner)
  end
  redis.call('HSET', lock, 'holders', text, 'fence', string.format('%.0f', fence))
end

local function find(holders, name)
  for i, h in ipairs(holders) do
    if h.owner == name then return h, i end
  end
end

-- Removes requests from the queue.
local function forget(owners)
  for _, name in ipairs(owners) do
    redis.call('ZREM', queue, name)
    redis.call('ZREM', waiters, name)
    redis.call('HDEL', lock, 'w:' .. name)
  end
end

local function keep()
  for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, KEEP) end
end
