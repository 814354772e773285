"""Checks the Kubernetes manifests.

Every object is checked against the strict schema of several versions of Kubernetes, every reference against what it
refers to, and the arguments against the program's own help.
"""

import pathlib
import subprocess
import sys

import kubernetes_validate
import yaml

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "deploy/kubernetes"
VERSIONS = ["1.31", "1.33", "1.36"]


def fail(message):
    sys.exit(f"FAILED: {message}")


def containers(document):
    return document["spec"]["template"]["spec"]["containers"]


def check_references(objects, kustomization):
    names = {(d["kind"], d["metadata"]["name"]) for d in objects}
    names |= {("ConfigMap", g["name"]) for g in kustomization["configMapGenerator"]}
    names |= {("Secret", g["name"]) for g in kustomization["secretGenerator"]}
    keys = {
        g["name"]: {pathlib.PurePath(f).name for f in g["files"]}
        for g in kustomization["secretGenerator"] + kustomization["configMapGenerator"]
    }
    for document in objects:
        if document["kind"] not in ("Job", "Deployment"):
            continue
        pod = document["spec"]["template"]["spec"]
        mounted = {}
        for volume in pod["volumes"]:
            wanted = None
            if "secret" in volume:
                wanted = ("Secret", volume["secret"]["secretName"])
                # Others than owner and group must not read it: strata refuses such files.
                if volume["secret"]["defaultMode"] & 0o7:
                    fail(f"{volume['name']}: everybody may read the secret")
            elif "configMap" in volume:
                wanted = ("ConfigMap", volume["configMap"]["name"])
            elif "persistentVolumeClaim" in volume:
                wanted = ("PersistentVolumeClaim", volume["persistentVolumeClaim"]["claimName"])
            if wanted and wanted not in names:
                fail(f"{document['metadata']['name']}: nothing is called {wanted}")
            mounted[volume["name"]] = keys.get(wanted[1]) if wanted else None
        for container in containers(document):
            for mount in container["volumeMounts"]:
                if mount["name"] not in mounted:
                    fail(f"{container['name']}: no volume {mount['name']}")
            # Files that arguments name are in what is mounted there.
            for argument in container["args"]:
                path = argument.split("=")[-1]
                for mount in container["volumeMounts"]:
                    files = mounted[mount["name"]]
                    if files is None or not path.startswith(mount["mountPath"] + "/"):
                        continue
                    if pathlib.PurePath(path).name not in files:
                        fail(f"{path}: {mount['name']} holds {sorted(files)}")
    service = next(d for d in objects if d["kind"] == "Service")
    coordinator = next(d for d in objects if d["kind"] == "Job")
    if not service["spec"]["selector"].items() <= coordinator["spec"]["template"]["metadata"]["labels"].items():
        fail("the Service does not select the coordinator")


def check_arguments(objects, strata):
    for document in objects:
        if document["kind"] not in ("Job", "Deployment"):
            continue
        for container in containers(document):
            verb, *arguments = container["args"]
            help_text = subprocess.run([strata, verb, "--help"], capture_output=True, text=True, check=True).stdout
            known_keys = subprocess.run([strata, "config", "--all"], capture_output=True, text=True, check=True).stdout
            for argument in arguments:
                if argument.startswith("--set="):
                    if argument.split("=")[1] not in known_keys:
                        fail(f"{argument}: strata config knows no such key")
                elif argument.startswith("--") and argument.split("=")[0] not in help_text:
                    fail(f"{argument}: strata {verb} has no such option")


def main(strata):
    kustomization = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
    on_disk = {p.name for p in FOLDER.glob("*.yaml")} - {"kustomization.yaml", "search.yaml"}
    if on_disk != set(kustomization["resources"]):
        fail(f"resources: {sorted(kustomization['resources'])}, on disk: {sorted(on_disk)}")
    objects = []
    for resource in kustomization["resources"]:
        objects += list(yaml.safe_load_all((FOLDER / resource).read_text()))
    for document in objects:
        for version in VERSIONS:
            try:
                kubernetes_validate.validate(document, version, strict=True)
            except kubernetes_validate.ValidationError as error:
                fail(f"{document['kind']} {document['metadata']['name']}, Kubernetes {version}: {error.message}")
    check_references(objects, kustomization)
    check_arguments(objects, strata)
    search = yaml.safe_load((FOLDER / "search.yaml").read_text())
    subprocess.run([strata, "config", FOLDER / "search.yaml"], check=True, stdout=subprocess.DEVNULL)
    worker = next(d for d in objects if d["kind"] == "Deployment")
    for key in ("model", "text"):
        if f"--{key}={search[key]}" not in containers(worker)[0]["args"]:
            fail(f"{key}: the search has {search[key]}, the workers another")
    print(f"{len(objects)} objects are valid in Kubernetes {', '.join(VERSIONS)}")


main(sys.argv[1])
