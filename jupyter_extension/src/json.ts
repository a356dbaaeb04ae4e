import type { ReadonlyJSONObject } from '@lumino/coreutils';

/*
 * Reading data that somebody else wrote: each function gives the wanted type, or an empty value of it.
 */

/** The value as an object; an empty one for anything else. */
export function record(value: unknown): ReadonlyJSONObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as ReadonlyJSONObject) : {};
}

/** The value as an array; an empty one for anything else. */
export function array(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The value as a string; numbers are written out, anything else is empty. */
export function text(value: unknown): string {
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';
}

/** The value as a finite number, or null. */
export function number(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

/** The value as a list of strings, empty ones left out. */
export function texts(value: unknown): readonly string[] {
  return array(value).map(text).filter(item => item !== '');
}
