/** Global symbols: the ESM and the CommonJS copy of this package may be loaded in one process. */
export const DATABASE_OPTIONS = Symbol.for('mobius1.database.options');
