/*
 * Walk the jobs on a running server, or take pictures of the main screens: see `./dev jobs` and `./dev screens`.
 *
 *   node tests/screens/run.mjs --url http://localhost:8069 [--job NAME]... [--list] [--quick] [--keep FOLDER]
 *   node tests/screens/run.mjs --url http://localhost:8069 --shots FOLDER [--screen NAME]...
 *
 * LOYALTY_NODE_MODULES names the folder with playwright-core and axe-core, LOYALTY_BROWSER a Chromium.
 * --quick leaves accessibility out; --keep keeps pictures of what was looked at.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import process from "node:process";
import { parseArgs } from "node:util";
import { JOBS } from "./jobs/index.mjs";
import { report } from "./report.mjs";
import { takeShots } from "./shots.mjs";
import { SIZES, Walker } from "./walker.mjs";

const say = (text) => process.stdout.write(`${text}\n`);
const { values: options } = parseArgs({
    options: {
        url: { type: "string" },
        job: { type: "string", multiple: true, default: [] },
        screen: { type: "string", multiple: true, default: [] },
        shots: { type: "string" },
        list: { type: "boolean" },
        keep: { type: "string" },
        quick: { type: "boolean" },
    },
});

/** A browser context of a person who is logged in. */
async function logIn(browser, { login, size, ...more }) {
    const context = await browser.newContext({ ...SIZES[size], ...more });
    const page = await (await context.request.get(`${options.url}/web/login`)).text();
    const [, token] = page.match(/name="csrf_token" value="([^"]+)"/);
    await context.request.post(`${options.url}/web/login`, {
        form: { csrf_token: token, login, password: login },
    });
    return context;
}

/** Walk a job and return what it took; an error is part of that. */
async function walk(browser, axe, job) {
    const { login = "admin", size = "desktop" } = job;
    const context = await logIn(browser, { login, size });
    const keep = options.keep && `${options.keep}/${job.name}`;
    const walker = await new Walker(context, options.url, { axe, keep }).start();
    const start = Date.now();
    let error;
    try {
        await job.walk(walker);
    } catch (reason) {
        error = reason;
    }
    if (keep) {
        await walker.page.screenshot({ path: `${keep}.png` }).catch(() => {});
    }
    await context.close();
    const { clicks, loads, problems, faults } = walker;
    return { job, error, clicks, loads, problems, faults, ms: Date.now() - start };
}

async function main() {
    if (options.list) {
        JOBS.forEach(({ name, title, limit }) => say(`${name.padEnd(12)} ${limit}  ${title}`));
        return 0;
    }
    const unknown = options.job.filter((name) => !JOBS.some((job) => job.name === name));
    if (unknown.length) {
        say(
            `No such job: ${unknown.join(", ")}. There are: ${JOBS.map(({ name }) => name).join(", ")}`
        );
        return 2;
    }
    const require = createRequire(`${process.env.LOYALTY_NODE_MODULES}/of-the-project.js`);
    const { chromium } = require("playwright-core");
    const browser = await chromium.launch({
        executablePath: process.env.LOYALTY_BROWSER,
        args: ["--no-sandbox", "--disable-dev-shm-usage"],
    });
    try {
        if (options.shots) {
            return await takeShots(options, (person) => logIn(browser, person), say);
        }
        const axe = options.quick
            ? ""
            : readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
        const results = [];
        for (const job of JOBS.filter(
            ({ name }) => !options.job.length || options.job.includes(name)
        )) {
            results.push(await walk(browser, axe, job));
            report.one(results.at(-1), say);
        }
        return report.all(results, say);
    } finally {
        await browser.close();
    }
}

process.exitCode = await main();
