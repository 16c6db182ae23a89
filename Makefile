# NeuroAI's commands; `make` alone lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := list

.PHONY: list bootstrap demo serve test fuzz faults cluster bench bench-api build deb check-deploy check-deb check-image format check train export evaluate importer

list: ## list these commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /make \1\t/' | expand -t 18

bootstrap: ## install missing system dependencies (idempotent)
	@scripts/bootstrap

build: bootstrap ## build the release binary
	@swift build -c release --product neuroai

demo: build ## serve, and take a patient through the API (CASE=folder, default: a phantom)
	@CASE="$(CASE)" scripts/demo

serve: build ## serve the API, the pages and a worker on port 8000
	@.build/release/neuroai serve

test: bootstrap ## build, run every test, print the coverage of Sources/
	@scripts/test

fuzz: bootstrap ## give the DICOM reader a million damaged files
	@scripts/fuzz

faults: bootstrap ## kill and cut off every part of an installation at 100 random moments (docs/faults.md; about 30 minutes)
	@scripts/faults

cluster: build ## run servers, workers, PostgreSQL, Redis, object store and nginx on loopback, and a patient through them (CASE=folder, KEEP=1)
	@CASE="$(CASE)" KEEP="$(KEEP)" scripts/with-postgres scripts/cluster

bench: build ## time the main job against the bare network (CASE=folder, else a phantom) and write docs/benchmarks.md
	@CASE="$(CASE)" scripts/bench

bench-api: build ## time the API against Django REST and FastAPI and write its section of docs/benchmarks.md
	@scripts/bench-api

importer: ## install what `neuroai models import` needs
	@scripts/train environment

train: ## train the model of training/config.toml, or resume
	@scripts/train train

export: ## write its networks into the package
	@scripts/train export

evaluate: ## measure the package on the validation cases
	@scripts/train evaluate

check: bootstrap ## check formatting, imports, banned words, generated files
	@scripts/check

deb: bootstrap ## build the Debian package in dist/
	@scripts/make-deb

check-deploy: build ## check deploy/: Compose, Kubernetes, systemd, nginx, Prometheus, the topology
	@scripts/check-deploy --self-test
	@scripts/check-deploy
	@scripts/check-monitoring --self-test
	@scripts/check-proxy
	@scripts/with-postgres scripts/cluster --check

check-deb: ## try the Debian package in a fresh Debian 12 (as root)
	@scripts/check-deb

check-image: bootstrap ## build and try the container image without an engine (as root)
	@scripts/check-image

format: ## format all Swift code
	@swift format --in-place --recursive --parallel Package.swift Sources Tests
