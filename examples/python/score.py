"""Scores a model and writes what to leave unquantised.

    pip install httpx
    python score.py --model Qwen/Qwen2.5-Math-1.5B-Instruct --dataset gsm8k --skip-list skip.json

Submits a job, polls it until it ends, prints the layers that matter most and writes a skip list.
LAYERSENSE_URL and LAYERSENSE_API_KEY say where the service is and who asks.
"""

import argparse
import json
import os
import sys
import time
import uuid

import httpx


def main() -> None:
    options = parse_options()
    headers = {}
    if key := os.environ.get("LAYERSENSE_API_KEY"):
        headers["authorization"] = f"Bearer {key}"
    url = os.environ.get("LAYERSENSE_URL", "http://127.0.0.1:8080")
    with httpx.Client(base_url=url, headers=headers, timeout=30) as client:
        job = submit(client, job_request(options))
        job = wait(client, job)
        if job["status"] != "succeeded":
            sys.exit(f"{job['id']} {job['status']}: {(job['error'] or {}).get('detail', '')}")
        report = get(client, job["urls"]["scores"])
    scores = [score for score in report["scores"] if len(score["shape"]) == 2]
    show(report["run"], scores[: options.top])
    if options.skip_list:
        skipped = skip_list(scores, options.share)
        with open(options.skip_list, "w", encoding="utf-8") as file:
            json.dump(skipped, file, indent=2)
        print(f"{len(skipped)} of {len(scores)} matrices to skip: {options.skip_list}")


def job_request(options: argparse.Namespace) -> dict:
    return {
        "model": options.model,
        "method": "fisher",
        "dataset": options.dataset,
        "params": {"examples": options.examples, "max_length": options.max_length},
    }


def submit(client: httpx.Client, request: dict) -> dict:
    """The key makes it safe to ask again when no answer arrives: there will be one job."""
    headers = {"idempotency-key": str(uuid.uuid4())}
    for attempt in range(5):
        try:
            response = client.post("/jobs", json=request, headers=headers)
        except httpx.TransportError as error:
            if attempt == 4:
                sys.exit(f"no answer from {client.base_url}: {error}")
        else:
            if response.status_code not in (409, 429, 502, 503, 504):
                return checked(response)
            if attempt == 4:
                checked(response)
        time.sleep(2**attempt)
    raise AssertionError("unreachable")


def wait(client: httpx.Client, job: dict) -> dict:
    """Polls as often as the service asks for; an unchanged job costs it a 304 without a body."""
    etag = None
    while job["status"] in ("queued", "running", "canceling"):
        response = client.get(job["urls"]["self"], headers={"if-none-match": etag} if etag else {})
        if response.status_code != 304:
            job, etag = checked(response), response.headers.get("etag")
            progress = job["progress"]
            if progress:
                print(f"{progress['phase']} {progress['done']}/{progress['total']}", file=sys.stderr)
        if job["finished_at"] is None:
            time.sleep(float(response.headers.get("retry-after", 2)))
    return job


def get(client: httpx.Client, path: str) -> dict:
    return checked(client.get(path))


def checked(response: httpx.Response) -> dict:
    """Errors are problem details (RFC 9457): `detail` says what to do."""
    if response.is_success:
        return response.json()
    problem = response.json()
    sys.exit(f"{response.status_code} {problem['code']}: {problem['detail']}")


def show(run: dict, scores: list) -> None:
    dataset = run["dataset"]
    print(f"{run['model']['name']} on {dataset['name']}, {dataset['examples']} examples ({run['id']})")
    for score in scores:
        low, high = score.get("confidence_interval") or (float("nan"), float("nan"))
        name = score["layer"]
        print(f"{score['rank']:4d}  {score['values']['sum']:12.6g}  [{low:.6g}, {high:.6g}]  {name}")


def skip_list(scores: list, share: float) -> list:
    """The fewest matrices that hold `share` of the whole sensitivity: quantise the others.

    This is what `modules_to_not_convert` (bitsandbytes, AWQ) and `ignore` (llm-compressor) take.
    """
    total = sum(score["values"]["sum"] for score in scores)
    skipped, held = [], 0.0
    for score in scores:
        if held >= share * total:
            break
        skipped.append(score["layer"])
        held += score["values"]["sum"]
    return skipped


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True)
    parser.add_argument("--dataset", required=True)
    parser.add_argument("--examples", type=int, default=64)
    parser.add_argument("--max-length", type=int, default=512)
    parser.add_argument("--top", type=int, default=10, help="how many layers to print")
    parser.add_argument("--skip-list", help="where to write the layers to leave unquantised")
    parser.add_argument("--share", type=float, default=0.5, help="of the sensitivity they hold")
    return parser.parse_args()


if __name__ == "__main__":
    main()
