"""Compiles captured SPIR-V with Mesa's RADV on its null device; keeps figures and listings.

Runs in the environment that ``setup.sh`` makes, with the package ``vulkan``. The family of GPUs is
told to the driver by ``RADV_FORCE_FAMILY``.
"""

from __future__ import annotations

import argparse
import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import vulkan as vk
from vulkan import ffi
from vulkan._vulkan import lib

__all__ = ["main"]

CAPTURE_FIGURES, CAPTURE_LISTING = 0x40, 0x80
"""Flags of a pipeline whose compiler is asked afterwards."""

VARYING_SUBGROUP_SIZE = 0x1
"""Flag of a stage that leaves the size to the driver, as wgpu does."""

STRUCTURES = {
    "PipelineInfo": 1000269001,
    "PipelineExecutableProperties": 1000269002,
    "PipelineExecutableInfo": 1000269003,
    "PipelineExecutableStatistic": 1000269004,
    "PipelineExecutableInternalRepresentation": 1000269005,
}
"""``sType`` of what the package has no Python classes for."""

FIELDS = ("b32", "i64", "u64", "f64")
"""Of a statistic's value, by the statistic's format."""

OP_ENTRY_POINT, OP_VARIABLE, OP_DECORATE, BINDING, UNIFORM = 15, 59, 71, 33, 2
"""Numbers of SPIR-V."""


def main() -> None:
    """Compile all that an index lists."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("captured", type=Path, help="folder that capture.py has filled")
    parser.add_argument("listings", type=Path, help="new folder; its name with .json for figures")
    parser.add_argument("--wave", type=int, help="subgroup size; the driver's choice by default")
    options = parser.parse_args()
    options.listings.mkdir(exist_ok=True)
    compiler, kernels = Compiler(), []
    for one in json.loads((options.captured / "index.json").read_text()):
        pipeline = compiler.compiled((options.captured / one["file"]).read_bytes(), options.wave)
        listing = (options.listings / one["file"]).with_suffix(".s")
        listing.write_text(compiler.listing(pipeline))
        kernels.append({**one, "listing": str(listing), "figures": compiler.figures(pipeline)})
        vk.vkDestroyPipeline(compiler.device, pipeline, None)
    content = json.dumps({"device": compiler.name, "kernels": kernels}, indent=0)
    options.listings.with_suffix(".json").write_text(content)
    print(f"{compiler.name}: {len(kernels)} kernels")


class Compiler:
    """The driver's first device, opened as wgpu opens it: with robust buffers."""

    def __init__(self) -> None:
        application = vk.VkApplicationInfo(apiVersion=vk.VK_MAKE_VERSION(1, 3, 0))
        instance = vk.vkCreateInstance(vk.VkInstanceCreateInfo(pApplicationInfo=application), None)
        physical = vk.vkEnumeratePhysicalDevices(instance)[0]
        self.name = str(vk.vkGetPhysicalDeviceProperties(physical).deviceName)
        queue = vk.VkDeviceQueueCreateInfo(queueFamilyIndex=0, queueCount=1, pQueuePriorities=[1.0])
        extensions = ["VK_KHR_pipeline_executable_properties", "VK_EXT_robustness2"]
        self._instance = instance  # lives as long as the device
        self.device = vk.vkCreateDevice(
            physical,
            vk.VkDeviceCreateInfo(
                queueCreateInfoCount=1,
                pQueueCreateInfos=[queue],
                enabledExtensionCount=len(extensions),
                ppEnabledExtensionNames=extensions,
                pEnabledFeatures=vk.VkPhysicalDeviceFeatures(
                    robustBufferAccess=True, shaderInt64=True
                ),
                pNext=_features(),
            ),
            None,
        )

    def compiled(self, code: bytes, wave: int | None) -> Any:
        """The pipeline of a shader in SPIR-V.

        Args:
            code: the module.
            wave: lanes of a subgroup; ``None`` leaves them to the driver.
        """
        uniform, entry = _interface(code)
        bindings = [
            vk.VkDescriptorSetLayoutBinding(
                binding=number,
                descriptorType=vk.VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER
                if is_uniform
                else vk.VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
                descriptorCount=1,
                stageFlags=vk.VK_SHADER_STAGE_COMPUTE_BIT,
            )
            for number, is_uniform in sorted(uniform.items())
        ]
        described = vk.VkDescriptorSetLayoutCreateInfo(
            bindingCount=len(bindings), pBindings=bindings
        )
        layouts = [vk.vkCreateDescriptorSetLayout(self.device, described, None)]
        module = vk.VkShaderModuleCreateInfo(codeSize=len(code), pCode=code)
        size = wave and vk.VkPipelineShaderStageRequiredSubgroupSizeCreateInfo(
            requiredSubgroupSize=wave
        )
        stage = vk.VkPipelineShaderStageCreateInfo(
            flags=0 if wave else VARYING_SUBGROUP_SIZE,
            stage=vk.VK_SHADER_STAGE_COMPUTE_BIT,
            module=vk.vkCreateShaderModule(self.device, module, None),
            pName=entry,
            pNext=size,
        )
        layout = vk.VkPipelineLayoutCreateInfo(setLayoutCount=1, pSetLayouts=layouts)
        wanted = vk.VkComputePipelineCreateInfo(
            flags=CAPTURE_FIGURES | CAPTURE_LISTING,
            stage=stage,
            layout=vk.vkCreatePipelineLayout(self.device, layout, None),
        )
        return vk.vkCreateComputePipelines(self.device, None, 1, [wanted], None)[0]

    def figures(self, pipeline: Any) -> dict[str, Any]:
        """What the compiler tells of a pipeline: registers, spills, sizes, counts."""
        properties = self._asked("Properties", "Info", "Properties", pipeline)
        statistics = self._asked("Statistics", "ExecutableInfo", "Statistic", pipeline)
        return {"subgroup size": properties[0].subgroupSize} | {
            ffi.string(one.name).decode(): getattr(one.value, FIELDS[one.format])
            for one in statistics
        }

    def listing(self, pipeline: Any) -> str:
        """The instructions; empty if the compiler keeps them to itself, as for the newest GPUs."""
        kept: list[Any] = []
        for one in self._asked(
            "InternalRepresentations", "ExecutableInfo", "InternalRepresentation", pipeline, kept
        ):
            if "ssembly" in ffi.string(one.name).decode():
                return str(ffi.string(ffi.cast("char*", one.pData)).decode(errors="replace"))
        return ""

    def _asked(
        self, what: str, about: str, kind: str, pipeline: Any, kept: list[Any] | None = None
    ) -> Any:
        """What ``vkGetPipelineExecutable...KHR`` answers, as an array of structures.

        Args:
            what: the end of the function's name.
            about: the end of the name of the structure that asks.
            kind: the end of the name of those that answer.
            pipeline: the one asked about.
            kept: gets the memory that answers point to, if texts are asked for.
        """
        function = ffi.cast(
            f"PFN_vkGetPipelineExecutable{what}KHR",
            lib.vkGetDeviceProcAddr(self.device, f"vkGetPipelineExecutable{what}KHR".encode()),
        )
        question = _structure(f"Pipeline{about}", "*")
        question.pipeline = pipeline
        count = ffi.new("uint32_t*")
        function(self.device, question, count, ffi.NULL)
        answers = _structure(f"PipelineExecutable{kind}", f"[{count[0]}]")
        function(self.device, question, count, answers)
        if kept is not None:
            for one in answers:
                kept.append(ffi.new("char[]", max(1, one.dataSize)))
                one.pData = kept[-1]
            function(self.device, question, count, answers)
        return answers


def _structure(name: str, many: str) -> Any:
    """A structure, or an array of them, that says what it is."""
    made = ffi.new(f"Vk{name}KHR{many}")
    for one in made if many != "*" else [made]:
        one.sType = STRUCTURES[name]
    return made


def _features() -> Any:
    """The chain of features that wgpu asks for, and that the compiler be asked."""
    chain = vk.VkPhysicalDevicePipelineExecutablePropertiesFeaturesKHR(pipelineExecutableInfo=True)
    chain = vk.VkPhysicalDeviceRobustness2FeaturesEXT(
        robustBufferAccess2=True, robustImageAccess2=True, pNext=chain
    )
    chain = vk.VkPhysicalDeviceVulkan13Features(
        shaderZeroInitializeWorkgroupMemory=True,
        subgroupSizeControl=True,
        computeFullSubgroups=True,
        pNext=chain,
    )
    chain = vk.VkPhysicalDeviceVulkan12Features(shaderFloat16=True, pNext=chain)
    return vk.VkPhysicalDeviceVulkan11Features(storageBuffer16BitAccess=True, pNext=chain)


def _interface(code: bytes) -> tuple[dict[int, bool], str]:
    """Of a module, whether the buffer of each binding is a uniform one, and the entry point."""
    numbers, classes, entry = {}, {}, ""
    for operation, words in _instructions(code):
        if operation == OP_DECORATE and words[1] == BINDING:
            numbers[words[0]] = words[2]
        elif operation == OP_VARIABLE:
            classes[words[1]] = words[2]
        elif operation == OP_ENTRY_POINT:
            entry = struct.pack(f"<{len(words) - 2}I", *words[2:]).partition(b"\0")[0].decode()
    return {number: classes[name] == UNIFORM for name, number in numbers.items()}, entry


def _instructions(code: bytes) -> Iterator[tuple[int, tuple[int, ...]]]:
    """The operations of a module with their operands."""
    words = struct.unpack(f"<{len(code) // 4}I", code)
    at = 5  # after the header
    while at < len(words):
        count, operation = words[at] >> 16, words[at] & 0xFFFF
        yield operation, words[at + 1 : at + count]
        at += count


if __name__ == "__main__":
    main()
