import { EXACT_UNITS, LONGEST_LOG, SEGMENTS } from '../../core/limits/limit-store.js';
import { HEAD, type MeterLua, px, TICK } from './meter-lua.js';

/*
 * The sliding window: a ring log, or segments. Which of the two stands in the key, and stays while units are in use, whatever the limit has become.
 *
 * Ring log. A request of cost c fits when fewer than `limit - c + 1` units are younger than the window. The time of each unit in use is
 * known, so that is exact, and so is when it will fit: when the unit that stands in the way is one window old. The head knows the oldest
 * time, so most decisions read nothing else; to find the first unit in use is a galloping search from there. What settles takes back the
 * newest units if they are its own, else the oldest: what remains is then younger than the truth, and no window holds more than its limit (G13).
 *
 * Segments. 61 counters of a 60th of the window each: the segment that the window only touches counts in full. The head holds the present
 * one, so the others are read and written when a new one begins.
 *
 * Rejected: a sorted set (118 bytes a unit instead of 8), two counters that are weighed (up to twice the limit around an edge), GCRA (the
 * same, by design: its burst).
 */
const [RING, SEGMENTED] = ['RL2R', 'RL2S'];
const RING_HEAD = '<ddddI4I4I4';
const SEGMENTS_HEAD = '<ddddd';
const SLOTS = SEGMENTS + 1;
const ALL_SLOTS = `'<${'d'.repeat(SLOTS)}'`;
/** Where the segments begin: behind a head that is shorter than that of a log. */
const FIRST_SLOT = 44;

const writtenRing = `'${RING}' .. pack('${RING_HEAD}', last, offset, oldest, ends, ring, next, used)`;
const writtenSegments = `'${SEGMENTED}' .. pack('${SEGMENTS_HEAD}', last, offset, segment, current, used)`;
/** The time of a unit in use, counted from the oldest one. */
const timeOf = (k: string): string => {
  const at = `${HEAD} + (next - used + ${k}) % ring * 8`;
  return `parse('<d', call('GETRANGE', key, ${at}, ${at} + 7))`;
};
/** A busy log would be told its time to live with every unit; with a quarter more it is told four times a window. */
const RING_LIFE = '1.25 * window';
const readSlots = `call('GETRANGE', key, '${FIRST_SLOT}', '${FIRST_SLOT + SLOTS * 8 - 1}')`;
const slot = (s: string): string => `(parse('<d', bytes, ${s} % ${SLOTS} * 8 + 1))`;

/** Of the last probe that fails, the unit is the first in use: that of the newest unit would. */
const SEARCH = `
local gone, step = 1, 1
while gone + step <= used do
  local time = ${timeOf('gone + step - 1')}
  if time > over then oldest = time break end
  gone, step = gone + step, step * 2
end
while step > 1 do
  step = step / 2
  if gone + step <= used then
    local time = ${timeOf('gone + step - 1')}
    if time > over then oldest = time else gone = gone + step end
  end
end
used = used - gone`;

const LOOK = `
if layout == '${RING}' then
  last, offset, oldest, ends, ring, next, used = parse('${RING_HEAD}', head, 5)
  ${TICK}
  local over = now - window
  if used == 0 or last <= over then used = 0
  elseif oldest <= over then ${SEARCH} end
elseif layout == '${SEGMENTED}' then
  last, offset, segment, current, used = parse('${SEGMENTS_HEAD}', head, 5)
  ${TICK}
  width = ceil(window / ${SEGMENTS})
  present, passed = math.max(segment, floor(now / width)), 0
  if present - segment > ${SEGMENTS} then used = 0
  elseif present > segment then
    bytes = ${readSlots}
    for s = segment + 1, present do passed = passed + ${slot('s')} end
    used = used - passed
  end
end`;

const ADD_TO_RING = `
local room, time = ring - next, pack('<d', now)
if units <= room then call('SETRANGE', key, ${HEAD} + next * 8, units == 1 and time or string.rep(time, units))
else
  call('SETRANGE', key, ${HEAD} + next * 8, string.rep(time, room))
  call('SETRANGE', key, '${HEAD}', string.rep(time, units - room))
end
next, last, used = (next + units) % ring, now, used + units
if ends < wall + window then
  ends = wall + ${RING_LIFE}
  call('PEXPIRE', key, ${px(RING_LIFE)})
end
call('SETRANGE', key, '0', ${writtenRing})`;

const ADD_TO_SEGMENTS = `
last, used = now, used + units
if present == segment then
  current = current + units
  call('SETRANGE', key, '0', ${writtenSegments})
else
  local slots = { parse(${ALL_SLOTS}, bytes) }
  slots[segment % ${SLOTS} + 1] = current
  for s = segment + 1, present do slots[s % ${SLOTS} + 1] = 0 end
  segment, current = present, units
  call('SET', key, ${writtenSegments} .. pack(${ALL_SLOTS}, unpack(slots, 1, ${SLOTS})), 'PX', ${px(`width * ${SLOTS + 1}`)})
end`;

const liveUnits = `
local first = (next - used) % ring
local whole = math.min(used, ring - first)
live = call('GETRANGE', key, ${HEAD} + first * 8, ${HEAD - 1} + (first + whole) * 8)
if whole < used then live = live .. call('GETRANGE', key, ${HEAD}, ${HEAD - 1} + (used - whole) * 8) end`;

/** What is empty takes the layout that fits its limit; a log that is full grows, or is counted by segment from then on. */
const BEGIN_OR_GROW = `
local live = ''
if used > 0 then ${liveUnits} else oldest = now end
local total = used + units
last = now
if total > ${LONGEST_LOG} or (used == 0 and limit > ${EXACT_UNITS}) then
  local slots = {}
  for s = 1, ${SLOTS} do slots[s] = 0 end
  width = ceil(window / ${SEGMENTS})
  present = floor(now / width)
  for i = 1, #live, 8 do
    local s = floor(parse('<d', live, i) / width) % ${SLOTS} + 1
    slots[s] = slots[s] + 1
  end
  segment, current, used = present, slots[present % ${SLOTS} + 1] + units, total
  call('SET', key, ${writtenSegments} .. pack(${ALL_SLOTS}, unpack(slots)), 'PX', ${px(`width * ${SLOTS + 1}`)})
else
  segment, ring, ends, used = nil, math.max(total, limit), wall + ${RING_LIFE}, total
  next = total % ring
  call('SET', key, ${writtenRing} .. live .. string.rep(pack('<d', now), units), 'PX', ${px(RING_LIFE)})
end`;

const UNTIL_SEGMENTS = `
bytes = bytes or ${readSlots}
local left = used
for s = present - ${SEGMENTS}, present do
  if s == segment then left = left - current elseif s < segment then left = left - ${slot('s')} end
  if left <= room then wait = (s + ${SLOTS}) * width - now break end
end`;

const REMOVE_FROM_SEGMENTS = `
local s = floor(since / width)
if s == segment then
  units = math.min(units, current)
  current = current - units
elseif s >= present - ${SEGMENTS} and s < segment then
  bytes = bytes or ${readSlots}
  local counted = ${slot('s')}
  units = math.min(units, counted)
  call('SETRANGE', key, ${FIRST_SLOT} + s % ${SLOTS} * 8, pack('<d', counted - units))
else units = 0 end
used = used - units + passed
call('SETRANGE', key, '0', ${writtenSegments})`;

const REMOVE_FROM_RING = `
units = math.min(units, used)
if since == last then
  next, used = (next - units) % ring, used - units
  last = used > 0 and ${timeOf('used - 1')} or last
else
  used = used - units
  oldest = used > 0 and ${timeOf('0')} or oldest
end
call('SETRANGE', key, '0', ${writtenRing})`;

export const SLIDING: MeterLua = {
  look: LOOK,
  add: `
if used > 0 and segment then ${ADD_TO_SEGMENTS}
elseif used > 0 and used + units <= ring then ${ADD_TO_RING}
else ${BEGIN_OR_GROW} end`,
  wait: `
if segment then ${UNTIL_SEGMENTS}
else wait = (used - room == 1 and oldest or ${timeOf('used - room - 1')}) + window - now end`,
  full: `
if used == 0 then full = 0
elseif segment then full = (floor(last / width) + ${SLOTS}) * width - now
else full = last + window - now end`,
  remove: `
if used == 0 then
elseif segment then ${REMOVE_FROM_SEGMENTS}
elseif since > now - window then ${REMOVE_FROM_RING} end`,
};
