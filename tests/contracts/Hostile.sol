// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// Wallets that answer whatever harms whoever asks.
contract Hostile {
    enum Mode { Reverts, RevertsHugely, WrongMagic, DirtyMagic, TooShort, Nothing, Huge, BurnsGas, InvalidOpcode, OnlyAt, Deep }

    Mode public immutable mode;
    uint256 public onlyAt;

    constructor(Mode mode_) {
        mode = mode_;
    }

    function setBlock(uint256 number) external {
        onlyAt = number;
    }

    function isValidSignature(bytes32 digest, bytes calldata signature) external view returns (bytes4) {
        bytes32 magic = bytes32(bytes4(0x1626ba7e));
        if (mode == Mode.Reverts) revert("never");
        if (mode == Mode.RevertsHugely) assembly { revert(0, 1000000) }
        if (mode == Mode.WrongMagic) return 0x20c13b0b;
        if (mode == Mode.DirtyMagic) assembly { mstore(0, or(magic, 1)) return(0, 32) }
        if (mode == Mode.TooShort) assembly { mstore(0, magic) return(0, 4) }
        if (mode == Mode.Nothing) assembly { return(0, 0) }
        if (mode == Mode.Huge) assembly { return(0, 1000000) }
        if (mode == Mode.BurnsGas) while (true) {}
        if (mode == Mode.InvalidOpcode) assembly { invalid() }
        if (mode == Mode.OnlyAt) return block.number == onlyAt ? bytes4(0x1626ba7e) : bytes4(0);
        return Hostile(address(this)).isValidSignature(digest, signature); // Deep: until the gas is gone
    }
}
