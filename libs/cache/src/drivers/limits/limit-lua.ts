import { SLIDING_WINDOW } from './sliding-lua.js';

/**
 * What the scripts of rate limits share. Times are microseconds of the server, counts are integers, both exact in a Lua number.
 *
 * A key has a clock of its own: it never goes back, and goes on when the server's clock was set back (`offset`). Each state begins with
 * four bytes that name its layout, the time of its last charge, and that offset. What begins otherwise is not ours and counts as nothing; what
 * is no string is removed. Every write sets the time to live: there is no key without one.
 *
 *   RL1R  ring log: capacity, next index, units in use; then the time of each unit, 8 bytes. The unit at `next - used` is the oldest.
 *   RL1S  segments: number of the present one, units in use; then the units of 61 segments.
 *   RL1B  bucket: its level.   RL1W  window: its start, its units.
 *
 * An item (`m`) is one limit of one key. `look` finds out what it holds, and changes nothing; `add` charges, `remove` takes back.
 */
const LAYOUT = { bucket: 'RL1B', window: 'RL1W' } as const;

/** Arguments of an item, in one text: the words of this pattern. */
const ITEM = "'^(%d+) (%d+) (%a) (%d+) (%d+) (%d+) (%d+) (%d) (%d) (%d+) (%d+) (%S+) (%d+) (%d+) (%S+)$'";

const BASICS = `
local pack, unpack, floor, ceil, sub, rep = struct.pack, struct.unpack, math.floor, math.ceil, string.sub, string.rep
local call = redis.call
local t = call('TIME')
local wall = t[1] * 1000000 + t[2]
local function read(key, to)
  local value = redis.pcall('GETRANGE', key, 0, to)
  if type(value) == 'table' then call('DEL', key) return '' end
  return value
end
local function tick(m, last, offset)
  m.last, m.offset, m.now = last, offset, wall + offset
  if m.now < last then
    m.now, m.offset = last, last - wall
    call('SETRANGE', m.key, 12, pack('<d', m.offset))
  end
end
local function parse(text, keys, first)
  local cost, block, kind, limit, window, capacity, debt, shadow, settles, from, to, factor, ms, max, id = string.match(text, ${ITEM})
  return { cost = tonumber(cost), block = tonumber(block), kind = kind, limit = tonumber(limit), window = tonumber(window),
    capacity = tonumber(capacity), debt = tonumber(debt), shadow = shadow == '1', settles = settles == '1', from = tonumber(from),
    to = tonumber(to), factor = tonumber(factor), ms = tonumber(ms), max = tonumber(max), id = id,
    key = keys[first], now = wall, offset = 0, last = 0, used = 0 }
end
local function px(us) return ceil(us / 1000) + 1 end
local int = function(n) return string.format('%.0f', n) end`;

const OTHERS = `
local bucket = {}
local function leaked(m, us) return us * m.limit / m.window end
local function writeBucket(m)
  local bytes = '${LAYOUT.bucket}' .. pack('<ddd', m.now, m.offset, m.used)
  call('SET', m.key, bytes, 'PX', px(m.used * m.window / m.limit))
end
function bucket.look(m)
  local head = read(m.key, 27)
  if sub(head, 1, 4) ~= '${LAYOUT.bucket}' then return end
  local last, offset, level = unpack('<ddd', head, 5)
  tick(m, last, offset)
  m.used = math.max(0, level - leaked(m, m.now - last))
end
function bucket.add(m, units) m.used = m.used + units writeBucket(m) end
function bucket.till(m, room) return math.max(0, (m.used - room) * m.window / m.limit) end
function bucket.full(m) return m.used * m.window / m.limit end
function bucket.remove(m, units, since)
  m.used = math.max(0, m.used - math.max(0, units - leaked(m, m.now - since)))
  writeBucket(m)
end
local counted = {}
function counted.look(m)
  local head = read(m.key, 35)
  local ours = sub(head, 1, 4) == '${LAYOUT.window}'
  local last, offset, start, used = 0, 0, 0, 0
  if ours then last, offset, start, used = unpack('<dddd', head, 5) end
  if m.kind == 'c' then m.now = math.max(wall, last) m.other = m.now < m.from or m.now >= m.to
  else
    if ours then tick(m, last, offset) end
    m.from, m.to = start, start + m.window
    if m.now >= m.to then m.from, m.to = m.now, m.now + m.window end
  end
  if ours and start == m.from then m.used = used end
end
function counted.add(m, units)
  if m.used == 0 and m.kind == 'f' then m.from, m.to = m.now, m.now + m.window end
  m.used = m.used + units
  local bytes = '${LAYOUT.window}' .. pack('<dddd', m.now, m.offset, m.from, m.used)
  call('SET', m.key, bytes, 'PX', px(m.to - m.now))
end
function counted.till(m, room) return m.used <= room and 0 or m.to - m.now end
function counted.full(m) return counted.till(m, 0) end
function counted.remove(m, units, since)
  if m.used == 0 or since < m.from then return end
  counted.add(m, -math.min(units, m.used))
end
local slots = {}
function slots.look(m)
  local gone = redis.pcall('ZREMRANGEBYSCORE', m.key, '-inf', wall)
  if type(gone) == 'table' then call('DEL', m.key) return end
  m.used = call('ZCARD', m.key)
  if m.used == 0 then return end
  for _, token in ipairs(call('ZRANGEBYSCORE', m.key, wall + m.window + 1, '+inf')) do call('ZADD', m.key, wall + m.window, token) end
end
function slots.hold(m, token)
  call('ZADD', m.key, wall + m.window, token)
  call('PEXPIRE', m.key, px(m.window))
end
function slots.till() return -1 end
function slots.full(m)
  local first = call('ZRANGE', m.key, 0, 0, 'WITHSCORES')
  return first[2] and first[2] - wall or 0
end
local meters = { s = sliding, b = bucket, f = counted, c = counted, k = slots }`;

/** Blocks of an identity: a hash of `until duration` in milliseconds, by the id of the limit or `*`; of limits also `in-row forgotten-at`. */
const BLOCKS = `
local nowMs = floor(wall / 1000)
local function blockLeft(key, field)
  local value = redis.pcall('HGET', key, field)
  if type(value) == 'table' then call('DEL', key) return 0, 0 end
  if not value then return 0, 0 end
  local till, ms, row, forgotten = string.match(value, '^(%d+) (%d+) ?(%d*) ?(%d*)$')
  local left = tonumber(till) - nowMs
  if left > tonumber(ms) then
    left = tonumber(ms)
    call('HSET', key, field, int(nowMs + left) .. ' ' .. ms .. ' ' .. row .. ' ' .. int(nowMs + 2 * left))
  end
  return math.max(0, left), (tonumber(forgotten) or 0) > nowMs and tonumber(row) or 0
end
local function keepBlock(key, field, value, ms)
  call('HSET', key, field, value)
  call('PEXPIRE', key, math.max(call('PTTL', key), ms))
end
local function punish(m, key)
  local _, row = blockLeft(key, m.id)
  local ms = math.min(m.max, floor(m.ms * m.factor ^ row))
  keepBlock(key, m.id, int(nowMs + ms) .. ' ' .. int(ms) .. ' ' .. int(row + 1) .. ' ' .. int(nowMs + ms + m.max), ms + m.max)
  return ms
end`;

/** The words before any of the scripts. */
export const METERS = BASICS + SLIDING_WINDOW + OTHERS;
export const WITH_BLOCKS = METERS + BLOCKS;
/** Levels of buckets are fractions: what is missing by less than this is not missing. */
export const ROUNDING = '0.000001';
