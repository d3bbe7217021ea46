import { createHash } from 'node:crypto';
import { AFTER_FAILURE, AT, MAGIC } from '../core/record.js';
import { FENCE, NO_TOKEN } from '../core/token.js';
import type { RedisClient } from './redis-client.js';

/**
 * The atomic steps that no single command does. They compare tokens and versions, nothing else: freshness and tags are
 * judged by the client. Offsets are those of `core/record.ts`, counted from 1 in Lua. Times are the server's own.
 */

type Argument = string | number | Buffer;

/** One script: sent by its hash; when the server does not know it (restart, failover, SCRIPT FLUSH), in full. */
export class Script {
  readonly #lua: string;
  readonly #sha: string;

  constructor(lua: string) {
    this.#lua = lua;
    this.#sha = createHash('sha1').update(lua).digest('hex');
  }

  run(client: RedisClient, keys: readonly string[], args: readonly Argument[]): Promise<unknown> {
    return client.evalsha(this.#sha, keys.length, ...keys, ...args).catch((error: unknown) => {
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
      return client.eval(this.#lua, keys.length, ...keys, ...args);
    });
  }
}

const LEASE = `redis.call('GETRANGE', KEYS[1], ${AT.lease}, ${AT.leaseEnd - 1})`;
const KIND = `redis.call('GETRANGE', KEYS[1], 0, ${AT.kind})`;
const NOW = `local t = redis.call('TIME'); local now = t[1] * 1000 + math.floor(t[2] / 1000)`;
const PATCH_END = `redis.call('SETRANGE', KEYS[1], ${AT.leaseEnd}, string.format('%013d', now + ms))`;
const OUTLIVE = `if redis.call('PTTL', KEYS[1]) < ms then redis.call('PEXPIRE', KEYS[1], ms) end`;

/**
 * acquire: takes the lease of a key that holds what the reader saw (protocol rule 4).
 * KEYS[1] entry; ARGV: version seen ('' none), token, lease ms, record with that lease alone, '1' to keep the value.
 * Reply 1 granted, 0 not. A lease that follows a failed load says so. Atomic because between judging the value and
 * taking the lease another fill may come.
 */
export const ACQUIRE = new Script(`
local kind = redis.call('TYPE', KEYS[1]).ok
if kind ~= 'none' and kind ~= 'string' then redis.call('DEL', KEYS[1]) kind = 'none' end
local ms, record = tonumber(ARGV[3]), ARGV[4]
if kind == 'string' then
  local head = redis.call('GETRANGE', KEYS[1], 0, ${AT.created - 1})
  if string.sub(head, 1, 3) == '${MAGIC}F' then
    record = string.sub(record, 1, ${AT.version}) .. '${AFTER_FAILURE}' .. string.sub(record, ${AT.lease + 1})
  else
    if string.sub(head, 1, 3) ~= '${MAGIC}V' or string.sub(head, ${AT.version + 1}, ${AT.lease}) ~= ARGV[1] then return 0 end
    ${NOW}
    if now < tonumber(string.sub(head, ${AT.leaseEnd + 1}, ${AT.created})) then return 0 end
    if ARGV[5] == '1' then
      redis.call('SETRANGE', KEYS[1], ${AT.lease}, ARGV[2])
      ${PATCH_END}
      ${OUTLIVE}
      return 1
    end
  end
end
redis.call('SET', KEYS[1], record, 'PX', ms)
return 1`);

/**
 * renew: extends a lease. KEYS[1] entry; ARGV: token, lease ms. Reply 1 when it stood, else 0.
 * Atomic because the lease may be lost between the check and the extension.
 */
export const RENEW = new Script(`
if ${LEASE} ~= ARGV[1] then return 0 end
local ms = tonumber(ARGV[2])
${NOW}
${PATCH_END}
${OUTLIVE}
return 1`);

/**
 * release: gives a lease back; a stale value beside it stays. KEYS[1] entry; ARGV: token, what to leave where there is no
 * value ('' nothing), for how many ms. Reply 1 when it stood, else 0. Atomic because a lease that was lost must not be taken from its new holder.
 */
export const RELEASE = new Script(`
if ${LEASE} ~= ARGV[1] then return 0 end
if ${KIND} == '${MAGIC}L' then
  if ARGV[2] == '' then redis.call('DEL', KEYS[1]) else redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) end
  return 1
end
redis.call('SETRANGE', KEYS[1], ${AT.lease}, '${NO_TOKEN}${'0'.repeat(13)}')
return 1`);

/**
 * fill: writes the value, which ends the lease (rule 2). KEYS[1] entry; ARGV: token, record, ttl ms. Reply 1 or 0.
 * Atomic because an invalidation between check and write must win (G1).
 */
export const FILL = new Script(`
if ${LEASE} ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1`);

/**
 * force: takes the lease from whomever holds it and drops the value (rule 3), unless a fence holds it. KEYS[1] entry; ARGV: record
 * with the new lease, lease ms. Reply 1 or 0. Atomic because a fence that comes between check and write must stand.
 */
export const FORCE = new Script(`
if redis.call('TYPE', KEYS[1]).ok == 'string' and string.sub(${LEASE}, 1, 1) == '${FENCE}' then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1`);

/**
 * fence: puts a fence in the place of value and lease, or counts one more (rule 15). KEYS[1] entry; ARGV: record whose lease is the
 * first fence, ms. Atomic because fences of several transactions are counted.
 */
export const RAISE = new Script(`
local record, ms = ARGV[1], tonumber(ARGV[2])
local lease = redis.call('TYPE', KEYS[1]).ok == 'string' and ${LEASE} or ''
if string.sub(lease, 1, 1) == '${FENCE}' then
  local count = string.format('${FENCE}%015d', tonumber(string.sub(lease, 2)) + 1)
  record = string.sub(record, 1, ${AT.lease}) .. count .. string.sub(record, ${AT.leaseEnd + 1})
  ms = math.max(ms, redis.call('PTTL', KEYS[1]))
end
redis.call('SET', KEYS[1], record, 'PX', ms)
return 1`);

/**
 * lift: counts one fence less; with the last one the key goes. A key without a fence goes as well: it is an invalidation. KEYS[1]
 * entry. Atomic because fences of several transactions are counted.
 */
export const LIFT = new Script(`
local lease = redis.call('TYPE', KEYS[1]).ok == 'string' and ${LEASE} or ''
if string.sub(lease, 1, 1) == '${FENCE}' and tonumber(string.sub(lease, 2)) > 1 then
  redis.call('SETRANGE', KEYS[1], ${AT.lease}, string.format('${FENCE}%015d', tonumber(string.sub(lease, 2)) - 1))
else redis.call('DEL', KEYS[1]) end
return 1`);

/**
 * remove: DEL that leaves fences standing; nothing is stored under them anyway. KEYS: entries. Reply: how many were removed. Atomic
 * because a fence that comes between check and DEL must stand.
 */
export const REMOVE = new Script(`
local removed = 0
for _, key in ipairs(KEYS) do
  local fenced = redis.call('TYPE', key).ok == 'string' and redis.call('GETRANGE', key, ${AT.lease}, ${AT.lease}) == '${FENCE}'
  if not fenced then removed = removed + redis.call('DEL', key) end
end
return removed`);

/**
 * draw: new generations under one sequence (rules 5 and 6). KEYS[1] sequence, KEYS[2..] generations; ARGV: 'all',
 * 'missing', 'fence' or 'lift', a new epoch in case there is no sequence, lifetime ms, the key that lives for ever, one unique id for each
 * generation. A fence stands in the place of a generation, for the lifetime, and counts those who raised it; to draw 'all' leaves it.
 * Reply: epoch, number now, number before, generations. Atomic because number and generations must advance together.
 */
export const DRAW = new Script(`
local epoch, number = string.match(redis.call('GET', KEYS[1]) or '', '^([^:]+):(%d+)$')
if not epoch then epoch, number = ARGV[2], 0 end
number = tonumber(number)
local start = number
local reply = { '', '', string.format('%.0f', number) }
local mode, life = ARGV[1], tonumber(ARGV[3])
for i = 2, #KEYS do
  local generation = redis.call('GET', KEYS[i])
  local fences = generation and tonumber(string.match(generation, '^${FENCE}(%d+)') or '')
  local raised = mode == 'fence' and (fences or 0) + 1 or mode == 'lift' and fences and fences > 1 and fences - 1
  if raised then
    number = number + 1
    generation = string.format('${FENCE}%015d', raised) .. ':' .. epoch .. ':' .. string.format('%.0f', number)
    local ms = fences and redis.call('PTTL', KEYS[i]) or 0
    redis.call('SET', KEYS[i], generation, 'PX', mode == 'lift' and math.max(ms, 1) or math.max(life, ms))
  elseif mode == 'lift' or not generation or (mode == 'all' and not fences) then
    number = number + 1
    generation = ARGV[i + 3] .. ':' .. epoch .. ':' .. string.format('%.0f', number)
    if KEYS[i] == ARGV[4] then redis.call('SET', KEYS[i], generation)
    else redis.call('SET', KEYS[i], generation, 'PX', life) end
  end
  reply[i + 2] = generation
end
reply[1] = epoch
reply[2] = string.format('%.0f', number)
if number ~= start then redis.call('SET', KEYS[1], epoch .. ':' .. reply[2]) end
return reply`);

/**
 * increment: adds to a plain integer; its ttl comes with the first increment and is neither extended nor lost.
 * KEYS[1] counter; ARGV: by, ttl ms or '' for none. Reply: the sum as text; an error that holds NOTACOUNTER when something
 * else stands there or the sum is out of range; or what Redis refuses for a reason of its own.
 * Atomic because a counter without its ttl would count for ever.
 */
export const INCREMENT = new Script(`
if redis.call('TYPE', KEYS[1]).ok == 'string' then
  local kind = ${KIND}
  if kind == '${MAGIC}L' or kind == '${MAGIC}F' then redis.call('DEL', KEYS[1])
  elseif string.sub(kind, 1, 2) == '${MAGIC}' then return redis.error_reply('NOTACOUNTER') end
end
local reply = redis.pcall('INCRBY', KEYS[1], ARGV[1])
if type(reply) == 'table' then
  for _, conflict in ipairs({ 'WRONGTYPE', 'not an integer', 'overflow' }) do
    if string.find(reply.err, conflict) then return redis.error_reply('NOTACOUNTER') end
  end
  return reply
end
if ARGV[2] ~= '' and redis.call('PTTL', KEYS[1]) < 0 then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return redis.call('GET', KEYS[1])`);

/**
 * count: counts the values among some keys, leaving out those that hold only a lease or word of a failed load. KEYS: a page of a scan.
 * Reply: the number. One round trip a page instead of one a key.
 */
export const COUNT = new Script(`
local values = 0
for _, key in ipairs(KEYS) do
  if redis.call('TYPE', key).ok == 'string' then
    local kind = redis.call('GETRANGE', key, 0, ${AT.kind})
    if kind ~= '${MAGIC}L' and kind ~= '${MAGIC}F' then values = values + 1 end
  end
end
return values`);
