/** One step into a value: the name of a property, or a member of a Map or Set by its position. */
export type Step = string | { readonly member: 'key' | 'value'; readonly position: number };

const NAME = /^[A-Za-z_$][\w$]{0,39}$/;
const INDEX = /^\d{1,7}$/;

/** A path this long says where something is; the rest of it only fills the log. */
const SHOWN_STEPS = 12;

/** Where a walk stands inside a value, and how to say it: `user.roles[0].check`. */
export class ValuePath {
  readonly #steps: Step[] = [];

  get depth(): number {
    return this.#steps.length;
  }

  enter(step: Step): void {
    this.#steps.push(step);
  }

  leave(): void {
    this.#steps.pop();
  }

  toString(): string {
    if (this.#steps.length === 0) return 'The value';
    const text = this.#steps.slice(0, SHOWN_STEPS).map(written).join('').replace(/^\./, '');
    return this.#steps.length > SHOWN_STEPS ? `${text}…` : text;
  }
}

/** Property names that are no identifiers may be user data, such as e-mail addresses: they are not shown. */
function written(step: Step): string {
  if (typeof step === 'object') return `<${step.member} ${step.position}>`;
  if (NAME.test(step)) return `.${step}`;
  return INDEX.test(step) ? `[${step}]` : '["…"]';
}
