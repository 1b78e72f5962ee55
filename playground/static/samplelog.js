// The file behind the chip "drop a log file": an hour of a shop's service, as JSON Lines.

/** A File of log entries as `gcloud logging read --format=json` would name their fields. */
export function sampleLog(now = Date.now()) {
  const lines = [];
  const add = (minutesAgo, severity, message, labels) =>
    lines.push({
      insertId: `sample-${now.toString(36)}-${lines.length}`,
      timestamp: new Date(now - minutesAgo * 60000).toISOString(),
      severity,
      resource: {
        type: "cloud_run_revision",
        labels: { service_name: "checkout", revision_name: "checkout-00042-sap" },
      },
      logName: "projects/sample-shop/logs/run.googleapis.com%2Fstderr",
      jsonPayload: { message },
      ...(labels && { labels }),
    });
  for (let i = 0; i < 24; i++) {
    const id = Math.floor(now / 7 + i * 7919)
      .toString(36)
      .slice(-6);
    if (i % 2 === 0)
      add(
        58 - i * 2,
        "ERROR",
        `Payment provider timed out after ${(3 + (i % 5) * 0.4).toFixed(1)}s for order ${id}`,
        { module: "shop.payments", function: "charge", line: "212" },
      );
    if (i % 5 === 0)
      add(57 - i * 2, "WARNING", `Stock cache is stale by ${40 + i}s, reading from the database`, {
        module: "shop.stock",
        function: "read",
        line: "88",
      });
    add(56.5 - i * 2, "INFO", `GET /cart/${id} 200 in ${12 + (i % 9)} ms`);
  }
  add(9, "CRITICAL", "Worker failed to boot: No module named 'shop.vouchers'", {
    module: "shop.main",
    function: "create_app",
    line: "31",
  });
  const text = lines
    .sort((a, b) => (a.timestamp < b.timestamp ? -1 : 1))
    .map((line) => JSON.stringify(line))
    .join("\n");
  return new File([`${text}\n`], "checkout-last-hour.jsonl", { type: "application/x-ndjson" });
}
