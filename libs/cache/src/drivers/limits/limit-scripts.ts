import { Script } from '../redis-scripts.js';
import { METERS, ROUNDING, WITH_BLOCKS } from './limit-lua.js';

/**
 * charge: charges every item or none. KEYS: the state of each item, the blocks of each identity, a key for the reservation if there is
 * one. ARGV: words, items apart by `;`: `mode due token ms` (mode `c` charges, `n` does and notes the time, `p` only looks; `due`: milliseconds on the server's
 * clock after which nobody waits, 0 for never; token `-` for none), then each item. Reply, in words: `L` too late, nothing was done; `W` and the time: an item has another
 * window of the calendar by now; else `A` or `D`, and for each item `fits remaining reset retry` (fits: 1, 0 denied, 2 blocked; retry: -1
 * unknown; milliseconds), with `n` at the end of all the microsecond of each charge. Atomic because what one limit denies, no other may count (G14).
 */
export const CHARGE = new Script(`${WITH_BLOCKS}
local lines = string.gmatch(ARGV[1], '[^;]+')
local mode, due, token, life = string.match(lines(), '^(%a) (%d+) (%S+) (%d+)$')
if due ~= '0' and wall > due * 1000 then return 'L' end
local items, allowed, blocked = {}, true, {}
for line in lines do items[#items + 1] = parse(line, KEYS, #items + 1) end
local count = #items
for _, m in ipairs(items) do
  local blocks = KEYS[count + m.block]
  if not blocked[blocks] then blocked[blocks] = blockLeft(blocks, '*') end
  m.blocked = blocked[blocks]
  if m.ms > 0 then m.blocked = math.max(m.blocked, (blockLeft(blocks, m.id))) end
  meters[m.kind].look(m)
  if m.other then return 'W ' .. int(floor(m.now / 1000)) end
  m.fits = m.blocked == 0 and m.used + m.cost <= m.capacity + ${ROUNDING}
  if not m.fits and not m.shadow then allowed = false end
end
local reply, noted, times = { allowed and 'A' or 'D' }, {}, ''
for i, m in ipairs(items) do
  local meter = meters[m.kind]
  local retry = 0
  if allowed and m.fits and mode ~= 'p' then
    if m.kind == 'k' then meter.hold(m, token) m.used = m.used + 1
    elseif m.cost > 0 then meter.add(m, m.cost) end
  elseif not m.fits then
    retry = m.blocked > 0 and -1 or meter.till(m, m.capacity - m.cost)
    if mode ~= 'p' and not allowed and m.blocked == 0 and m.ms > 0 and not m.shadow then m.blocked = punish(m, KEYS[count + m.block]) end
    retry = math.max(m.blocked, retry < 0 and -1 or ceil(retry / 1000))
  end
  if m.settles then noted[#noted + 1] = int(m.now) .. ':' .. (m.fits and int(m.cost) or '0') end
  local remaining = math.max(0, floor(m.capacity - m.used + ${ROUNDING}))
  reply[#reply + 1] = (m.blocked > 0 and '2 ' or m.fits and '1 ' or '0 ') .. int(remaining) .. ' ' .. int(ceil(meter.full(m) / 1000)) .. ' ' .. int(retry)
  if mode == 'n' then times = times .. ' ' .. int(m.now) end
end
if allowed and #noted > 0 and token ~= '-' then call('SET', KEYS[#KEYS], table.concat(noted, ' '), 'PX', life) end
return table.concat(reply, ' ') .. times`);

/**
 * settle: charges what was used in place of what was reserved, once. KEYS: the state of each item, the reservation; ARGV: units used, what
 * was charged (`at:units` for each item; '' to read it in the reservation), then each item, apart by `;`. Reply 1, or 0 when the reservation is over.
 * Atomic because two settlements of one reservation must be one.
 */
export const SETTLE = new Script(`${METERS}
local noted = ARGV[2]
if noted == '' then
  noted = redis.pcall('GET', KEYS[#KEYS])
  if type(noted) ~= 'string' then return 0 end
  call('DEL', KEYS[#KEYS])
end
local actual, i, lines = tonumber(ARGV[1]), 0, string.gmatch(ARGV[3], '[^;]+')
for since, charged in string.gmatch(noted, '(%d+):(%d+)') do
  i = i + 1
  local m = parse(lines(), KEYS, i)
  local meter = meters[m.kind]
  meter.look(m)
  local more = actual - charged
  if more < 0 then meter.remove(m, -more, tonumber(since))
  elseif more > 0 and not m.other then
    more = math.min(more, floor(m.capacity + m.debt - m.used))
    if more > 0 then meter.add(m, more) end
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
export const BLOCK = new Script(`${WITH_BLOCKS}
local left = blockLeft(KEYS[1], '*')
local ms = math.max(left, tonumber(ARGV[1]))
keepBlock(KEYS[1], '*', int(nowMs + ms) .. ' ' .. int(ms), ms)
return 1`);

/** reset: forgets the states and the blocks that followed. KEYS: states, blocks for each; ARGV: the id of each limit. Atomic: half a reset is none. */
export const RESET = new Script(`
for i, id in ipairs(ARGV) do
  redis.call('DEL', KEYS[i])
  redis.pcall('HDEL', KEYS[#ARGV + i], id)
end
return 1`);
