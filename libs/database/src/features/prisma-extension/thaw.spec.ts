import { thaw } from './thaw.js';

it('copies every key of plain data, whatever its name (G7)', () => {
  const value = JSON.parse('{ "a": [1], "__proto__": { "b": 2 } }') as object;
  Object.values(value).forEach(Object.freeze);
  const copy = thaw(Object.freeze(value));
  expect(JSON.stringify(copy)).toBe('{"a":[1],"__proto__":{"b":2}}');
  expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
  expect(Object.isFrozen(copy)).toBe(false);
});
