// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// A wallet of several owners (EIP-1271). It confirms a digest once `threshold` of them stand behind it: by a
/// signature of 65 bytes in the bytes that are passed, or by having approved the digest on chain before.
contract Wallet {
    bytes4 private constant CONFIRMED = 0x1626ba7e;

    address[] public owners;
    uint256 public immutable threshold;
    mapping(bytes32 digest => mapping(address owner => bool)) public approved;

    constructor(address[] memory owners_, uint256 threshold_) {
        owners = owners_;
        threshold = threshold_;
    }

    function approve(bytes32 digest) external {
        approved[digest][msg.sender] = true;
    }

    function takeBack(bytes32 digest) external {
        approved[digest][msg.sender] = false;
    }

    function isValidSignature(bytes32 digest, bytes calldata signature) external view returns (bytes4) {
        uint256 count = 0;
        for (uint256 i = 0; i < owners.length; i++) {
            if (approved[digest][owners[i]] || hasSigned(owners[i], digest, signature)) count++;
        }
        return count >= threshold ? CONFIRMED : bytes4(0xffffffff);
    }

    function hasSigned(address owner, bytes32 digest, bytes calldata signatures) private pure returns (bool) {
        for (uint256 at = 0; at + 65 <= signatures.length; at += 65) {
            bytes32 r = bytes32(signatures[at:at + 32]);
            bytes32 s = bytes32(signatures[at + 32:at + 64]);
            if (ecrecover(digest, uint8(signatures[at + 64]), r, s) == owner) return true;
        }
        return false;
    }
}

/// Makes wallets at addresses that are known before (CREATE2), as ERC-6492 signatures need.
contract Factory {
    function create(address[] calldata owners, uint256 threshold, bytes32 salt) external returns (address) {
        return address(new Wallet{salt: salt}(owners, threshold));
    }

    function addressOf(address[] calldata owners, uint256 threshold, bytes32 salt) external view returns (address) {
        bytes32 code = keccak256(abi.encodePacked(type(Wallet).creationCode, abi.encode(owners, threshold)));
        return address(uint160(uint256(keccak256(abi.encodePacked(hex"ff", address(this), salt, code)))));
    }

    function burn() external pure {
        while (true) {}
    }
}
