/**
 * A structured log line. Fields are names, codes, counts and ids only: prompts, answers, keys and vouchers never go in.
 */
export type LogField = string | number | boolean | null;
export type Log = (
  level: 'info' | 'warn' | 'error',
  event: string,
  fields?: Readonly<Record<string, LogField>>,
) => void;

export const stderrLog: Log = (level, event, fields = {}) => {
  process.stderr.write(`${JSON.stringify({ time: new Date().toISOString(), level, event, ...fields })}\n`);
};

/** Where an unexpected error came from, without its message: messages may quote what a user sent. */
export function describeFailure(error: unknown): Readonly<Record<string, LogField>> {
  if (!(error instanceof Error)) return { kind: typeof error };
  const frames = (error.stack ?? '').split('\n').filter((line) => line.trimStart().startsWith('at '));
  return {
    kind: error.name,
    at: frames
      .slice(0, 4)
      .map((line) => line.trim())
      .join(' | '),
  };
}
