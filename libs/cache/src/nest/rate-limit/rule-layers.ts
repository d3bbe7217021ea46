import type { DeclaredRules, PartialRateLimitRule } from './rate-limit.decorator.js';

/** What is declared for one handler, from the outside in. */
export interface RuleLayers {
  readonly ofModule: readonly PartialRateLimitRule[];
  readonly ofClass: DeclaredRules;
  readonly ofMethod: DeclaredRules;
  /** Class and method: the name of rules that have none. */
  readonly owner: string;
}

export type NamedRule = PartialRateLimitRule & { readonly name: string };

/**
 * The rules that hold for a handler.
 *
 * Rules of one name are one rule, and the nearer layer says more: the method over its class, the class over the module. Rules without a
 * name belong to the handler: those of the method stand for those of its class, and take from a single one of the class what they leave
 * open. A rule of a class that has no limit is none: it only says what the rules of its methods leave open.
 */
export function rulesOf({ ofModule, ofClass, ofMethod, owner }: RuleLayers): NamedRule[] {
  const isDefaults = ({ name, limit }: PartialRateLimitRule): boolean => name === undefined && limit === undefined;
  const defaults = Object.assign({}, ...ofClass.rules.filter(isDefaults)) as PartialRateLimitRule;
  const limitsOfClass = ofClass.rules.filter((rule) => !isDefaults(rule));
  const outer = overlay(without(ofModule, ofClass.skipped), limitsOfClass, defaults);
  const { kept, own } = layers(without(outer, ofMethod.skipped), ofMethod.rules, defaults);
  // What the class left open, and no method of this name completes.
  return withNames([...kept.filter(({ limit }) => limit !== undefined), ...own], owner);
}

/** Gives a name to the rules that have none. */
export function withNames(rules: readonly PartialRateLimitRule[], owner: string): NamedRule[] {
  let unnamed = 0;
  return rules.map((rule) => {
    if (rule.name !== undefined) return rule as NamedRule;
    unnamed++;
    return { ...rule, name: unnamed === 1 ? owner : `${owner}.${unnamed}` };
  });
}

const overlay = (...given: Parameters<typeof layers>): PartialRateLimitRule[] => {
  const { kept, own } = layers(...given);
  return [...kept, ...own];
};

function layers(
  outer: readonly PartialRateLimitRule[],
  inner: readonly PartialRateLimitRule[],
  defaults: PartialRateLimitRule,
): { kept: PartialRateLimitRule[]; own: PartialRateLimitRule[] } {
  const named = new Set(inner.map(({ name }) => name));
  const kept = outer.filter(({ name }) => !named.has(name));
  const unnamed = outer.filter(({ name }) => name === undefined);
  const own = inner.map((rule) => {
    const same = rule.name === undefined ? unnamed : outer.filter(({ name }) => name === rule.name);
    return { ...defaults, ...(same.length === 1 ? same[0] : {}), ...rule };
  });
  return { kept, own };
}

function without(
  rules: readonly PartialRateLimitRule[],
  skipped: DeclaredRules['skipped'],
): readonly PartialRateLimitRule[] {
  if (skipped === 'all') return [];
  return rules.filter(({ name }) => name === undefined || !skipped.includes(name));
}
