import { type FieldViolation, invalidFields, type Payload } from '@orrery/core';
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { safePattern } from './safe-pattern.ts';

const MAX_SCHEMA = 64 * 1024;
const MAX_DEPTH = 50;

/** Params up to this size, in bytes, are told of everything that is wrong with them; larger ones of the first thing. */
const MAX_THOROUGH = 64 * 1024;
const MAX_VIOLATIONS = 20;

/** What params must be like: a JSON Schema, ready to be used. */
export class ParamSchema {
  readonly #quick: ValidateFunction;
  readonly #schema: object | boolean;
  #thorough: ValidateFunction | undefined;

  private constructor(schema: object | boolean) {
    this.#schema = schema;
    this.#quick = compile(schema, false);
  }

  /** Reads a schema; refuses with INVALID_FIELD one that cannot be used, saying why. */
  static parse(text: string, field: string): ParamSchema {
    const refuse = (description: string) => invalidFields([{ field, description }]);
    if (text.length > MAX_SCHEMA) throw refuse(`is longer than ${MAX_SCHEMA} characters`);
    const schema = parseJson(text);
    if (schema === undefined) throw refuse('is not JSON');
    if (typeof schema !== 'boolean' && !isObject(schema)) throw refuse('must be an object, true or false');
    if (depthOf(schema, MAX_DEPTH) > MAX_DEPTH) throw refuse(`is nested more than ${MAX_DEPTH} levels deep`);
    try {
      return new ParamSchema(schema);
    } catch (error) {
      // What is thrown names the place in the schema, and nothing of ours.
      throw refuse(`is no usable JSON Schema 2020-12: ${messageOf(error)}`);
    }
  }

  /** What is wrong with params, named as fields below `field`; nothing: they are as they must be. */
  violations(params: Payload, field: string): readonly FieldViolation[] {
    if (params.contentType !== 'application/json')
      return [{ field: `${field}.content_type`, description: 'must be application/json, as the type has a schema' }];
    const value = parseJson(params.data);
    if (value === undefined) return [{ field, description: 'is not JSON' }];
    try {
      if (this.#quick(value)) return [];
      if (params.data.length > MAX_THOROUGH) return toViolations(this.#quick.errors, field);
      this.#thorough ??= compile(this.#schema, true);
      this.#thorough(value);
      return toViolations(this.#thorough.errors, field);
    } catch {
      // A schema that refers to itself goes as deep as what it looks at.
      return [{ field, description: 'is nested too deeply' }];
    }
  }
}

/** Each schema has an Ajv of its own: names that schemas give themselves do not meet. */
function compile(schema: object | boolean, allErrors: boolean): ValidateFunction {
  const regExp = Object.assign(safePattern, { code: 'safePattern' });
  const ajv = new Ajv2020({ strict: false, logger: false, ownProperties: true, allErrors, code: { regExp } });
  formats.default(ajv);
  return ajv.compile(schema);
}

function toViolations(errors: ValidateFunction['errors'], field: string): readonly FieldViolation[] {
  const seen = new Map<string, FieldViolation>();
  for (const error of errors ?? []) {
    const violation = toViolation(error, field);
    seen.set(`${violation.field}\n${violation.description}`, violation);
    if (seen.size === MAX_VIOLATIONS) break;
  }
  return [...seen.values()];
}

function toViolation(error: ErrorObject, field: string): FieldViolation {
  const place = error.instancePath.split('/').slice(1).map(unescapePointer);
  const params = error.params as Readonly<Record<string, unknown>>;
  if (error.keyword === 'required' || error.keyword === 'dependentRequired')
    return { field: pathOf(field, [...place, String(params['missingProperty'])]), description: 'is required' };
  if (error.keyword === 'additionalProperties' || error.keyword === 'unevaluatedProperties') {
    const name = String(params['additionalProperty'] ?? params['unevaluatedProperty']);
    return { field: pathOf(field, [...place, name]), description: 'is not allowed' };
  }
  const allowed = Array.isArray(params['allowedValues'])
    ? `: ${JSON.stringify(params['allowedValues']).slice(0, 200)}`
    : '';
  return { field: pathOf(field, place), description: `${error.message ?? 'is wrong'}${allowed}` };
}

/** E.g. `task.params.urls[0]`. */
function pathOf(field: string, place: readonly string[]): string {
  return place.reduce((path, name) => {
    if (/^\d+$/.test(name)) return `${path}[${name}]`;
    return /^[A-Za-z_]\w*$/.test(name) ? `${path}.${name}` : `${path}[${JSON.stringify(name)}]`;
  }, field);
}

function unescapePointer(part: string): string {
  return part.replaceAll('~1', '/').replaceAll('~0', '~');
}

/** Undefined: it is not JSON, which itself never is undefined. */
function parseJson(text: string | Uint8Array): unknown {
  try {
    return JSON.parse(typeof text === 'string' ? text : new TextDecoder('utf-8', { fatal: true }).decode(text));
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** How deeply a value is nested, as far as `limit` + 1. */
function depthOf(value: unknown, limit: number): number {
  if (typeof value !== 'object' || value === null || limit < 0) return 0;
  return 1 + Math.max(0, ...Object.values(value).map((inner) => depthOf(inner, limit - 1)));
}

function messageOf(error: unknown): string {
  return error instanceof Error || (isObject(error) && 'message' in error)
    ? String(error.message).slice(0, 300)
    : 'it fails';
}
