/**
 * Turns off onnxruntime's telemetry, which its builds for Linux and macOS have on: they keep a device id and a database
 * of events in the user's cache folder, for upload. onnxruntime reads the variable when it is loaded, and only as the
 * main thread set it: import this there before a thread loads it. Whoever sets the variable has the last word.
 */
process.env.ORT_DISABLE_TELEMETRY ??= "1";
