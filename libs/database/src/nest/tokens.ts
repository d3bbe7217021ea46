// `Symbol.for`: the CommonJS and the ES module copy of this library may be loaded in one process.

/** Options as the application gave them. */
export const GIVEN_DATABASE_OPTIONS = Symbol.for('mobius1.database.given-options');

/** Those, completed by the environment. */
export const DATABASE_OPTIONS = Symbol.for('mobius1.database.options');
