import { type MeterLua, TRAILER } from './meter-lua.js';
import { BUCKET, COUNTED, SLOTS } from './meters-lua.js';
import { SLIDING } from './sliding-lua.js';

/**
 * What the scripts of rate limits share. Times are microseconds of the server, counts are integers, both exact in a Lua number.
 *
 * A key has a clock of its own: it never goes back, and goes on when the server's clock was set back (`offset`). Each state holds four bytes
 * that name its layout, the time of its last charge, that offset, and what follows here. What has no such name is not ours and counts as
 * nothing; what is no string is removed. Every write leaves a time to live: there is no key without one.
 *
 *   RL2L  log: the time of each unit, 8 bytes, oldest first; behind them the trailer: oldest time in use, end of the time to live, index
 *         of the first unit in use, units in use.
 *   RL2S  segments: the units of 61; behind them the trailer: number of the present one, its units, all units in use.
 *   RL1B  bucket: its level.   RL1W  window: its start, its units.
 */
export const PRELUDE = `
local call, pack, parse = redis.call, struct.pack, struct.unpack
local floor, ceil, sub, match, format = math.floor, math.ceil, string.sub, string.match, string.format
local t = call('TIME')
local wall = t[1] * 1000000 + t[2]`;

/** What is known of an item, which is one limit of one key: what the call says, then what its state says. Locals, because tables cost more. */
export const ITEM = `
local kind, key, cost, limit, window, capacity
local block, shadow, settles, from, to, debt, ms, factor, max, id
local now, offset, last, used, other
local first, oldest, ends
local width, segment, present, current, passed, bytes`;

const byKind = (part: keyof MeterLua): string => `
if kind == 's' then ${SLIDING[part]}
elseif kind == 'b' then ${BUCKET[part]}
elseif kind == 'k' then ${SLOTS[part]}
else ${COUNTED[part]} end`;

/** Reads the item that begins `at` this place of `words`, whose key is the i-th; then its state. */
export const LOOK = `
local rest
kind, cost, limit, window, capacity, rest, at = match(words, '^(%a) (%d+) (%d+) (%d+) (%d+) ?([^;]*);?()', at)
key, cost, limit, window, capacity = KEYS[i], cost + 0, limit + 0, window + 0, capacity + 0
if rest ~= '' then
  block, shadow, settles, from, to, debt, ms, factor, max, id = match(rest, '^(%d+) (%d) (%d) (%d+) (%d+) (%d+) (%d+) (%S+) (%d+) (%S+)$')
  from, to = from + 0, to + 0
  if ms == '0' then ms = nil end
end
now, offset, last, used = wall, 0, 0, 0
local state = kind == 'k' and '' or redis.pcall('GETRANGE', key, '-${TRAILER}', '-1')
if state.err then
  call('DEL', key)
  state = ''
end
local layout = sub(state, 1, 4)
${byKind('look')}`;
export const ADD = byKind('add');
export const WAIT = byKind('wait');
export const FULL = byKind('full');
export const REMOVE = byKind('remove');

/**
 * Blocks of an identity: a hash of `until duration` in milliseconds, by the id of the limit or `*`; of limits also `in-row forgotten-at`. Few
 * identities have any. `blockLeft` tells how many milliseconds of a block are left, and how many there were in a row; one that the clock,
 * set back, has made longer than it was meant to be is cut.
 */
export const BLOCK_LEFT = `
function(key, field)
  local value = redis.pcall('HGET', key, field)
  if type(value) == 'table' then call('DEL', key) return 0, 0 end
  if not value then return 0, 0 end
  local till, ms, row, forgotten = match(value, '^(%d+) (%d+) ?(%d*) ?(%d*)$')
  local nowMs = floor(wall / 1000)
  local left = till - nowMs
  if left > ms + 0 then
    left = ms + 0
    call('HSET', key, field, format('%d %s %s %d', nowMs + left, ms, row, nowMs + 2 * left))
  end
  return math.max(0, left), (tonumber(forgotten) or 0) > nowMs and tonumber(row) or 0
end`;

/** Sets `blocked`: blocks for a limit that was exceeded, longer than the last time. Has: `blocks`, and `blockLeft` if there are any. */
export const PUNISH = `
local row = blockLeft and select(2, blockLeft(blocks, id)) or 0
local till = floor(wall / 1000)
blocked = math.min(max + 0, floor(ms * factor ^ row))
till = till + blocked
call('HSET', blocks, id, format('%d %d %d %d', till, blocked, row + 1, till + max))
call('PEXPIRE', blocks, math.max(call('PTTL', blocks), blocked + max))`;

/** Levels of buckets are fractions: what is missing by less than this is not missing. */
export const ROUNDING = '0.000001';
