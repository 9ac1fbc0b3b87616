// Loaded into each server that is measured, ahead of its own code: tells how much CPU time the process has used, and
// ends it when the benchmark has gone, however that happened.
process.on('message', () => process.send?.(process.cpuUsage()));
process.on('disconnect', () => process.exit());
// The server decides when it is done; the channel alone must not keep it alive.
process.channel?.unref();
