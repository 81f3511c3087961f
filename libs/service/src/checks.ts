import { type FieldViolation, invalidFields, Refusal } from '@orrery/core';
import type { Duration } from '@orrery/duration';

const MAX_TEXT = 255;
const MAX_LABELS = 64;
const MAX_LABEL_KEY = 63;
const NAME = /^[A-Za-z0-9._:/-]+$/;

/** Collects everything that is wrong with a request, so that the caller hears of it all at once. */
export class Checks {
  private readonly violations: FieldViolation[] = [];

  /** Notes that a field is wrong. */
  add(field: string, description: string): void {
    this.violations.push({ field, description });
  }

  /** Notes that a field is wrong unless the condition holds. */
  require(condition: boolean, field: string, description: string): void {
    if (!condition) this.add(field, description);
  }

  /** A name of letters, digits and "._:/-"; empty takes the default, and is wrong if there is none. */
  name(field: string, value: string, options: { readonly max?: number; readonly default?: string } = {}): string {
    const { max = 128 } = options;
    if (value === '') {
      if (options.default === undefined) this.add(field, 'is required');
      return options.default ?? '';
    }
    if (value.length > max) this.add(field, `is longer than ${max} characters`);
    else if (!NAME.test(value)) this.add(field, 'may hold only letters, digits and "._:/-"');
    return value;
  }

  /** A name or a pattern: "*" may stand alone as the last part, e.g. "reports.*". */
  pattern(field: string, value: string): string {
    this.name(field, value.endsWith('.*') ? value.slice(0, -2) : value, { max: 255 });
    return value;
  }

  /** Free text of at most 255 characters. */
  text(field: string, value: string): string {
    if (value.length > MAX_TEXT) this.add(field, `is longer than ${MAX_TEXT} characters`);
    if (value.includes('\0')) this.add(field, 'must not hold a NUL character');
    return value;
  }

  /** At most 64 labels; keys are names of at most 63 characters, values free text. */
  labels(field: string, labels: Readonly<Record<string, string>>): void {
    const entries = Object.entries(labels);
    if (entries.length > MAX_LABELS) this.add(field, `has more than ${MAX_LABELS} entries`);
    for (const [key, value] of entries.slice(0, MAX_LABELS)) {
      const name = `${field}[${JSON.stringify(key.slice(0, MAX_LABEL_KEY))}]`;
      this.name(name, key, { max: MAX_LABEL_KEY });
      this.text(name, value);
    }
  }

  /** A duration within bounds, or undefined. */
  between(field: string, value: Duration | undefined, min: Duration, max: Duration): Duration | undefined {
    if (value && (value.compareTo(min) < 0 || value.compareTo(max) > 0)) {
      this.add(field, `must be from ${min.toString()} to ${max.toString()}`);
    }
    return value;
  }

  /** Runs a parser that refuses bad input; its violations are collected and undefined is returned. */
  parse<T>(parser: () => T): T | undefined {
    try {
      return parser();
    } catch (error) {
      if (!(error instanceof Refusal) || error.violations.length === 0) throw error;
      this.violations.push(...error.violations);
      return undefined;
    }
  }

  /** Throws a refusal that names every problem, if there is any. */
  done(): void {
    if (this.violations.length > 0) throw invalidFields(this.violations);
  }
}
