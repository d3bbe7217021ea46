import { Script } from '../redis-scripts.js';
import { ADD, BLOCK_LEFT, FULL, ITEM, LOOK, PRELUDE, PUNISH, REMOVE, ROUNDING, WAIT } from './limit-lua.js';

const remaining = `math.max(0, floor(capacity - used + ${ROUNDING}))`;

/** One item with nothing special, of an identity that nobody has blocked: almost every decision. The same statements, without a function. */
const CHARGE_ONE = `
${ITEM}
${LOOK}
if other then return format('W %d', floor(now / 1000)) end
if used + cost <= capacity + ${ROUNDING} then
  local units, full = cost
  if cost > 0 then ${ADD} end
  ${FULL}
  return format('A 1 %d %d 0', ${remaining}, ceil(full / 1000))
end
local room, wait, full = capacity - cost, 0
${WAIT}
${FULL}
return format('D 0 %d %d %d', ${remaining}, ceil(full / 1000), ceil(wait / 1000))`;

/**
 * charge: charges every item or none. KEYS: the state of each item, the blocks of each identity, a key for the reservation if there is
 * one. ARGV: the items, apart by `;` (`LOOK` reads them); `due`: milliseconds on the server's clock after which nobody waits, 0 for never; and
 * unless it is one item with nothing special: mode (`c` charges, `n` does and notes the time, `p` only looks), how many items, token (`-` for
 * none), ms of the reservation. Reply, in words: `L` too late, nothing was done; `W` and the time: an item has another window of the calendar by
 * now; else `A` or `D`, and for each item `fits remaining reset retry` (fits: 1, 0 denied, 2 blocked; retry: -1 unknown; milliseconds), with `n`
 * at the end of all the microsecond of each charge. Atomic because what one limit denies, no other may count (G14): what is known of an item
 * waits on the stack of `decide` until those after it were looked at.
 */
export const CHARGE = new Script(`${PRELUDE}
if ARGV[2] ~= '0' and wall > ARGV[2] * 1000 then return 'L' end
local words, at, i, token = ARGV[1], 1, 1, ARGV[5] or '-'
if not ARGV[3] and call('EXISTS', KEYS[2]) == 0 then ${CHARGE_ONE} end
local mode, count = ARGV[3], (ARGV[4] or 1) + 0
local allowed, again, reply, noted, times = true, nil, '', '', ''
local blockLeft
if call('EXISTS', unpack(KEYS, count + 1)) > 0 then blockLeft = ${BLOCK_LEFT} end
local function decide(i)
  ${ITEM}
  ${LOOK}
  if other then again = now return end
  local blocks, blocked = KEYS[count + (block or 1)], 0
  if blockLeft then blocked = math.max((blockLeft(blocks, '*')), ms and (blockLeft(blocks, id)) or 0) end
  local fits = blocked == 0 and used + cost <= capacity + ${ROUNDING}
  if not fits and shadow ~= '1' then allowed = false end
  if i < count then decide(i + 1) end
  if again then return end
  local wait, full = 0
  if not fits then
    wait = -1
    if blocked == 0 then
      local room = capacity - cost
      ${WAIT}
      if mode ~= 'p' and not allowed and ms and shadow ~= '1' then
        ${PUNISH}
      end
    end
    wait = math.max(blocked, wait < 0 and -1 or ceil(wait / 1000))
  elseif allowed and mode ~= 'p' and cost > 0 then
    local units = cost
    ${ADD}
  end
  ${FULL}
  reply = format(' %d %d %d %d', blocked > 0 and 2 or fits and 1 or 0, ${remaining}, ceil(full / 1000), wait) .. reply
  if settles == '1' then noted = format('%d:%d ', now, fits and cost or 0) .. noted end
  if mode == 'n' then times = format(' %d', now) .. times end
end
decide(1)
if again then return format('W %d', floor(again / 1000)) end
if allowed and noted ~= '' and token ~= '-' then call('SET', KEYS[#KEYS], noted, 'PX', ARGV[6]) end
return (allowed and 'A' or 'D') .. reply .. times`);

/**
 * settle: charges what was used in place of what was reserved, once. KEYS: the state of each item, the reservation; ARGV: units used, what
 * was charged (`at:units` for each item; '' to read it in the reservation), then each item, apart by `;`. Reply 1, or 0 when the reservation is over.
 * Atomic because two settlements of one reservation must be one.
 */
export const SETTLE = new Script(`${PRELUDE}
local noted = ARGV[2]
if noted == '' then
  noted = redis.pcall('GET', KEYS[#KEYS])
  if type(noted) ~= 'string' then return 0 end
  call('DEL', KEYS[#KEYS])
end
local words, at, i = ARGV[3], 1, 0
for since, charged in string.gmatch(noted, '(%d+):(%d+)') do
  i, since = i + 1, since + 0
  ${ITEM}
  ${LOOK}
  local units = ARGV[1] - charged
  if units < 0 then
    units = -units
    ${REMOVE}
  elseif units > 0 and not other then
    units = math.min(units, floor(capacity + debt - used))
    if units > 0 then ${ADD} end
  end
end
return 1`);

/**
 * hold: keeps a slot, or takes it again: what is held counts. KEYS[1] slots; ARGV: token, ms. Atomic because a key without a time to live
 * would keep the slots of the dead.
 */
export const HOLD = new Script(`
local t = redis.call('TIME')
local till = t[1] * 1000000 + t[2] + ARGV[2] * 1000
if type(redis.pcall('ZADD', KEYS[1], till, ARGV[1])) == 'table' then
  redis.call('DEL', KEYS[1])
  redis.call('ZADD', KEYS[1], till, ARGV[1])
end
redis.call('PEXPIRE', KEYS[1], ARGV[2] + 1)
return 1`);

/** drop: gives a slot back. KEYS[1] slots; ARGV: token. A script because something else may stand there, which is no slot of ours. */
export const DROP = new Script(`
redis.pcall('ZREM', KEYS[1], ARGV[1])
return 1`);

/** block: denies everything to an identity. KEYS[1] its blocks; ARGV: ms. Atomic because a key without a time to live would block for ever. */
export const BLOCK = new Script(`${PRELUDE}
local blockLeft = ${BLOCK_LEFT}
local ms = math.max((blockLeft(KEYS[1], '*')), ARGV[1] + 0)
call('HSET', KEYS[1], '*', format('%d %d', floor(wall / 1000) + ms, ms))
call('PEXPIRE', KEYS[1], math.max(call('PTTL', KEYS[1]), ms))
return 1`);

/** reset: forgets the states and the blocks that followed. KEYS: states, blocks for each; ARGV: the id of each limit. Atomic: half a reset is none. */
export const RESET = new Script(`
for i, id in ipairs(ARGV) do
  redis.call('DEL', KEYS[i])
  redis.pcall('HDEL', KEYS[#ARGV + i], id)
end
return 1`);
