export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
/** What may stand in a log: ids, counts, amounts, codes. Never bodies, keys, signatures or prompts. */
export type LogFields = Readonly<Record<string, string | number | bigint | boolean | null>>;

/** Structured log: a stable event name and plain fields. */
export type Log = (level: LogLevel, event: string, fields?: LogFields) => void;

export const silentLog: Log = () => {};

/** One JSON line per event: `{time, level, event, …fields}`. */
export function createJsonLog(write: (line: string) => void, now: () => number): Log {
  return (level, event, fields = {}) => {
    const entry: Record<string, string | number | boolean | null> = {
      time: new Date(now()).toISOString(),
      level,
      event,
    };
    for (const [name, value] of Object.entries(fields)) {
      entry[name] = typeof value === 'bigint' ? value.toString() : value;
    }
    write(`${JSON.stringify(entry)}\n`);
  };
}
