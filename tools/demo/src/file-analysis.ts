import { z } from 'zod';

/** The type of the tasks that analyse a file. */
export const ANALYZE_FILE = 'file.analyze';

/** What such a task is given. */
export const fileParams = z.object({
  /** The file, absolute. */
  path: z.string(),
  /** The bytes of the path in base64, if they are not UTF-8 and `path` shows them only roughly. */
  pathBytes: z.base64().optional(),
  /** Larger files are rejected. */
  maxBytes: z.number().int().positive(),
});

/** What such a task is given. */
export type FileParams = z.infer<typeof fileParams>;

/** What such a task finds out. */
export const fileAnalysis = z.object({
  /** In bytes. */
  size: z.number().int().nonnegative(),
  lines: z.number().int().nonnegative(),
  words: z.number().int().nonnegative(),
  /** In hexadecimal digits. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** What kind of text it is, e.g. "TypeScript". */
  type: z.string(),
});

/** What such a task finds out. */
export type FileAnalysis = z.infer<typeof fileAnalysis>;
