/* What the jobs took, in words; what fails them. */

const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;

/** Return why a job fails, one line each. */
function reasons({ job, error, clicks, problems, faults }) {
    const found = [];
    if (error) {
        found.push(`it came to no end: ${error.message.split("\n").slice(0, 6).join("\n      ")}`);
    } else if (clicks > job.limit) {
        found.push(`${clicks} clicks, and ${job.limit} are the limit`);
    }
    found.push(...problems);
    for (const [first, ...more] of byKind(faults)) {
        const { screen, rule, impact, help, target, html } = first;
        const others = more.length ? ` (and ${more.length} more like it)` : "";
        found.push(
            `${impact}, ${rule} on ${screen}: ${help}${others}\n      ${target}\n      ${html.slice(0, 300)}`
        );
    }
    return found;
}

/** Faults of one rule on one screen belong together. */
function byKind(faults) {
    const kinds = new Map();
    for (const fault of faults) {
        const kind = `${fault.rule} ${fault.screen}`;
        kinds.set(kind, [...(kinds.get(kind) || []), fault]);
    }
    return [...kinds.values()];
}

export const report = {
    one(result, say) {
        const { job, clicks, ms } = result;
        const failures = reasons(result);
        const before = job.before ? `, ${job.before} before` : "";
        say(
            `${failures.length ? "FAILED" : "ok    "} ${job.name.padEnd(10)} ${String(clicks).padStart(2)} clicks ` +
                `(limit ${job.limit}${before}) in ${seconds(ms)}: ${job.title}`
        );
        failures.forEach((line) => say(`   -- ${line}`));
    },
    /** Say the times of the pages, slowest first, and return the exit status. */
    all(results, say) {
        const loads = results.flatMap(({ loads }) => loads).sort((one, other) => other.ms - one.ms);
        say("\npages, from the address to a page at rest:");
        loads.forEach(({ path, ms }) => say(`   ${seconds(ms).padStart(7)}  ${path}`));
        const failed = results.filter((result) => reasons(result).length);
        const clicks = results.reduce((sum, result) => sum + result.clicks, 0);
        const total = results.reduce((sum, result) => sum + result.ms, 0);
        say(
            `\n${results.length - failed.length} of ${results.length} jobs done, ${clicks} clicks, ` +
                `in ${seconds(total)}${failed.length ? `; failed: ${failed.map(({ job }) => job.name).join(", ")}` : ""}`
        );
        return failed.length ? 1 : 0;
    },
};
