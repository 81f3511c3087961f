// Imported into child processes: they end when the demo does, however it ends, for nobody else knows of them.
process.channel?.unref();
process.once('disconnect', () => {
  setTimeout(() => process.exit(1), 10_000).unref();
  process.kill(process.pid, 'SIGTERM');
});
