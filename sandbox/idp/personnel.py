"""The sandbox's own routes about people who leave, and about how tokens are made."""

from pydantic import BaseModel, ConfigDict, ValidationError
from quart import Blueprint, Response, jsonify, request

from sandbox.idp.directory import Directory
from sandbox.idp.given import Given
from sandbox.people import find_person


class Groups(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    groups: tuple[str, ...]


class Making(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    seconds: int = 3600
    opaque: bool = False
    rotate: bool = True


def personnel_routes(directory: Directory, given: Given) -> Blueprint:
    routes = Blueprint("personnel", __name__, url_prefix="/sandbox")

    @routes.delete("/people/<key>")
    async def leave(key: str) -> tuple[str, int]:
        directory.leave(key)
        return "", 204

    @routes.put("/people/<key>")
    async def change(key: str) -> tuple[str, int]:
        if find_person(key) is None:
            return f"No person {key!r}.", 404
        directory.change_groups(key, Groups.model_validate_json(await request.get_data()).groups)
        return "", 204

    @routes.put("/minting")
    async def minting() -> Response:
        wanted = Making.model_validate_json(await request.get_data() or b"{}")
        making = given.minting
        making.seconds, making.opaque = wanted.seconds, wanted.opaque
        making.rotate = wanted.rotate
        return jsonify(wanted.model_dump())

    @routes.errorhandler(ValidationError)
    async def misread(error: ValidationError) -> tuple[str, int]:
        return str(error), 400

    return routes
