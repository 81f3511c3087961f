import { DEFAULT_RETENTION } from '@orrery/core';
import { z } from 'zod';
import { readEnv } from './read-env.ts';
import { retentionConfig, retentionOf } from './retention-config.ts';

const read = (env: Record<string, string>) => retentionOf(readEnv(z.object(retentionConfig()), env));

describe('how long ended tasks are kept', () => {
  it('A12: is limited unless it is said otherwise, by how they ended', () => {
    expect(read({})).toEqual(DEFAULT_RETENTION);
    expect(read({ ORRERY_RETENTION_FAILED: '90d' }).FAILED.toString()).toBe('90d');
  });

  it.each(['23h', '0s', '-1d', 'long'])('cannot be "%s"', (text) => {
    expect(() => read({ ORRERY_RETENTION_SUCCEEDED: text })).toThrow('ORRERY_RETENTION_SUCCEEDED');
  });
});
