/**
 * When the launcher had to start a newer Node, this process is its child: it stops when the launcher is gone,
 * so that killing what the user started leaves nothing behind.
 */
export function watchLauncher(env: Readonly<Record<string, string | undefined>>, onGone: () => void): void {
  const launcher = Number(env['DCML_LAUNCHER_PID']);
  if (!Number.isInteger(launcher) || launcher <= 1 || process.ppid !== launcher) return;
  const timer = setInterval(() => {
    if (process.ppid === launcher) return;
    clearInterval(timer);
    onGone();
  }, 500);
  timer.unref();
}
