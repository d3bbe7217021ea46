import { EXACT_UNITS, LONGEST_LOG, SEGMENTS } from '../../core/limits/limit-store.js';

/*
 * The sliding window in Lua: a ring log, or segments. What `BASICS` and the layouts mean, is said in limit-lua.ts.
 *
 * Ring log. A request of cost c fits when fewer than `limit - c + 1` units are younger than the window. The time of each unit in use is
 * known, so that is exact, and so is when it will fit: when the unit that stands in the way is one window old. To find the first unit in use
 * is a galloping search from the oldest: one step when little has passed. What settles takes back the newest units if they are its own, else
 * the oldest: what remains is then younger than the truth, and no window holds more than its limit (G13).
 *
 * Segments. 61 counters of a 60th of the window each: the segment that the window only touches counts in full.
 *
 * Rejected: a sorted set (118 bytes a unit instead of 8), two counters that are weighed (up to twice the limit around an edge), GCRA (the
 * same, by design: its burst).
 */
export const RING_LAYOUT = 'RL1R';
export const SEGMENTS_LAYOUT = 'RL1S';
const SLOTS = SEGMENTS + 1;

const SEGMENTED = `
local function at(s) return 36 + s % ${SLOTS} * 8 end
local function slot(m, s) return (unpack('<d', call('GETRANGE', m.key, at(s), at(s) + 7))) end
local function segmentHead(m) return '${SEGMENTS_LAYOUT}' .. pack('<dddd', m.last, m.offset, m.segment, m.used) end
local function lookSegments(m, segment, used)
  m.segmented, m.segment, m.stale = true, math.max(segment, floor(m.now / m.width)), segment + 1
  if m.segment - segment > ${SEGMENTS} then used = 0
  else for s = m.stale, m.segment do used = used - slot(m, s) end end
  m.used = used
end
local function writeSegments(m, units)
  local bytes = {}
  for s = 0, ${SEGMENTS} do bytes[s + 1] = pack('<d', units[s] or 0) end
  m.segmented, m.segment, m.stale = true, floor(m.now / m.width), floor(m.now / m.width) + 1
  call('SET', m.key, segmentHead(m) .. table.concat(bytes), 'PX', px(m.width * ${SLOTS}))
end
local function countSegment(m, s, units)
  for passed = math.max(m.stale, m.segment - ${SEGMENTS}), m.segment do call('SETRANGE', m.key, at(passed), pack('<d', 0)) end
  m.stale = m.segment + 1
  call('SETRANGE', m.key, at(s), pack('<d', slot(m, s) + units))
  m.used = m.used + units
  call('SETRANGE', m.key, 0, segmentHead(m))
  call('PEXPIRE', m.key, px(m.width * ${SLOTS}))
end
local function untilSegments(m, room)
  local bytes, left = call('GETRANGE', m.key, 36, ${36 + SLOTS * 8 - 1}), m.used
  for s = m.segment - ${SEGMENTS}, m.segment do
    if left <= room then return 0 end
    if s < m.stale then left = left - unpack('<d', bytes, s % ${SLOTS} * 8 + 1) end
    if left <= room then return (s + ${SLOTS}) * m.width - m.now end
  end
  return 0
end`;

const RING = `
local function timeOf(m, k)
  local at = 32 + (m.next - m.used + k) % m.ring * 8
  return (unpack('<d', call('GETRANGE', m.key, at, at + 7)))
end
local function ringHead(m) return '${RING_LAYOUT}' .. pack('<ddI4I4I4', m.last, m.offset, m.ring, m.next, m.used) end
local function lookRing(m)
  local over, gone, step = m.now - m.window, 0, 1
  if m.last <= over then m.used = 0 return end
  while gone + step <= m.used and timeOf(m, gone + step - 1) <= over do gone, step = gone + step, step * 2 end
  while step > 1 do
    step = step / 2
    if gone + step <= m.used and timeOf(m, gone + step - 1) <= over then gone = gone + step end
  end
  m.used = m.used - gone
end
local function live(m)
  if m.used == 0 then return '' end
  local first = (m.next - m.used) % m.ring
  local whole = math.min(m.used, m.ring - first)
  local bytes = call('GETRANGE', m.key, 32 + first * 8, 31 + (first + whole) * 8)
  return whole == m.used and bytes or bytes .. call('GETRANGE', m.key, 32, 31 + (m.used - whole) * 8)
end
local function addRing(m, units)
  local time, total = pack('<d', m.now), m.used + units
  if m.used == 0 or total > m.ring then
    local bytes = live(m)
    if total > ${LONGEST_LOG} then
      local counts = {}
      for i = 1, #bytes, 8 do
        local s = floor(unpack('<d', bytes, i) / m.width) % ${SLOTS}
        counts[s] = (counts[s] or 0) + 1
      end
      m.last = m.now
      writeSegments(m, counts)
      return countSegment(m, m.segment, units)
    end
    m.ring, m.last, m.used = math.max(total, m.limit), m.now, total
    m.next = total % m.ring
    return call('SET', m.key, ringHead(m) .. bytes .. rep(time, units), 'PX', px(m.window))
  end
  local whole = math.min(units, m.ring - m.next)
  call('SETRANGE', m.key, 32 + m.next * 8, rep(time, whole))
  if units > whole then call('SETRANGE', m.key, 32, rep(time, units - whole)) end
  m.next, m.last, m.used = (m.next + units) % m.ring, m.now, total
  call('SETRANGE', m.key, 0, ringHead(m))
  call('PEXPIRE', m.key, px(m.window))
end`;

/** Which of the two a sliding window is, stands in the key: it stays so while units are in use, whatever the limit has become. */
const SLIDING = `
local sliding = {}
function sliding.look(m)
  m.width = ceil(m.window / ${SEGMENTS})
  local head = read(m.key, 35)
  local layout = sub(head, 1, 4)
  if layout == '${RING_LAYOUT}' then
    local last, offset, ring, next, used = unpack('<ddI4I4I4', head, 5)
    m.ring, m.next, m.used = ring, next, used
    tick(m, last, offset)
    lookRing(m)
  elseif layout == '${SEGMENTS_LAYOUT}' then
    local last, offset, segment, used = unpack('<dddd', head, 5)
    tick(m, last, offset)
    lookSegments(m, segment, used)
  end
end
function sliding.add(m, units)
  if m.used == 0 and m.limit > ${EXACT_UNITS} then
    m.last, m.used = m.now, units
    writeSegments(m, { [floor(m.now / m.width) % ${SLOTS}] = units })
  elseif m.used > 0 and m.segmented then
    m.last = m.now
    countSegment(m, m.segment, units)
  else
    m.ring, m.next, m.segmented = m.ring or m.limit, m.next or 0, nil
    addRing(m, units)
  end
end
function sliding.till(m, room)
  if m.used <= room then return 0 end
  if m.segmented then return untilSegments(m, room) end
  return timeOf(m, m.used - room - 1) + m.window - m.now
end
function sliding.full(m)
  if m.used == 0 then return 0 end
  if m.segmented then return (floor(m.last / m.width) + ${SLOTS}) * m.width - m.now end
  return m.last + m.window - m.now
end
function sliding.remove(m, units, since)
  if m.used == 0 then return end
  if m.segmented then
    local s = floor(since / m.width)
    if s >= m.segment - ${SEGMENTS} and s < m.stale then countSegment(m, s, -math.min(units, slot(m, s))) end
    return
  end
  if since <= m.now - m.window then return end
  units = math.min(units, m.used)
  if since == m.last then
    m.next = (m.next - units) % m.ring
    m.used = m.used - units
    m.last = m.used > 0 and timeOf(m, m.used - 1) or m.last
  else m.used = m.used - units end
  call('SETRANGE', m.key, 0, ringHead(m))
end`;

/** The words of the sliding window. */
export const SLIDING_WINDOW = SEGMENTED + RING + SLIDING;
