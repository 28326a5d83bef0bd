// node wait-until-up.mjs URL SECONDS PID: waits for a 2xx answer, as long as the process lives.
const [url, seconds, pid] = process.argv.slice(2);
const deadline = Date.now() + Number(seconds) * 1000;

const answers = () => fetch(url, { signal: AbortSignal.timeout(5000) }).then((answer) => answer.ok, () => false);
const lives = () => {
  try {
    return process.kill(Number(pid), 0);
  } catch {
    return false;
  }
};

while (!(await answers())) {
  if (!lives() || Date.now() > deadline) {
    console.error(lives() ? `no answer from ${url} within ${seconds} s` : "the server ended");
    process.exit(1);
  }
  await new Promise((resolve) => setTimeout(resolve, 100));
}
