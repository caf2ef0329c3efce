"""Components from parsed JSON, strictly."""

from collections.abc import Collection, Mapping

from zr0_policy.ecot.errors import EcotError
from zr0_policy.ecot.thought import Component, TargetObject, check_text

BOX_KEYS = ("bbox_2d", "label")


def read_to_do(value: object) -> tuple[str, ...]:
    """Read a list of sub-tasks.

    Raises:
        EcotError: It is not a list of texts.
    """
    if not isinstance(value, list):
        raise EcotError.at(Component.TO_DO, "", value, "a list of sub-tasks")
    for index, action in enumerate(value):
        check_text(Component.TO_DO, f"item {index}", action)
    return tuple(value)


def read_target_objects(value: object, camera_keys: Collection[str]) -> Mapping[str, tuple[TargetObject, ...]]:
    """Read boxes by camera key.

    Args:
        value: `{camera key: [{"bbox_2d": [x1, y1, x2, y2], "label": text}, ...]}`.
        camera_keys: The cameras that there are.

    Raises:
        EcotError: It has another form, names another camera, or a box is not one. The error names the camera and the
            box.
    """
    if not isinstance(value, dict):
        raise EcotError.at(Component.TARGET_OBJECTS, "", value, "boxes by camera key")
    objects: dict[str, tuple[TargetObject, ...]] = {}
    for key, items in value.items():
        if key not in camera_keys:
            raise EcotError.at(Component.TARGET_OBJECTS, "", key, f"a camera key: {', '.join(camera_keys) or 'none'}")
        if not isinstance(items, list):
            raise EcotError.at(Component.TARGET_OBJECTS, key, items, "a list of boxes")
        objects[key] = tuple(_read_target_object(item, f"{key}[{index}]") for index, item in enumerate(items))
    return objects


def _read_target_object(value: object, place: str) -> TargetObject:
    if not isinstance(value, dict) or sorted(value) != sorted(BOX_KEYS):
        raise EcotError.at(Component.TARGET_OBJECTS, place, value, f"an object with the keys {', '.join(BOX_KEYS)}")
    box = value["bbox_2d"]
    if not isinstance(box, list) or len(box) != 4:
        raise EcotError.at(Component.TARGET_OBJECTS, f"{place} bbox_2d", box, "four numbers x1, y1, x2, y2")
    x1, y1, x2, y2 = box
    try:
        return TargetObject(bbox_2d=(x1, y1, x2, y2), label=value["label"])
    except EcotError as error:
        raise EcotError(f"{error} ({place})") from error
