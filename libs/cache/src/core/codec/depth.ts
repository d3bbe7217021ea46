/**
 * How deep a cached value may nest. Far beyond what people cache, and far below what overflows the stack: V8's own
 * serializer gives up between 2 000 and 10 000 levels, depending on what is nested.
 */
export const MAX_DEPTH = 1_000;

/**
 * How many errors, registered types and objects without prototype may contain each other. Each costs V8 and us 3 kB of
 * stack, to write as to read: more than 300 overflow it.
 */
export const MAX_STAND_IN_DEPTH = 100;
