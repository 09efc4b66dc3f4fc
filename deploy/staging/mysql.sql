-- 前置机的表 tables of a staging database: MySQL 5.7、MariaDB 10.3 及以上
-- 由数据库管理员执行一次。说明见 docs/adapters/staging.md。节点的账号需要这些表的 SELECT、INSERT、UPDATE、DELETE；
-- 办公系统的账号：gw_out、gw_out_file、gw_in_action 可 INSERT；gw_in、gw_receipt 可 SELECT 与 UPDATE，不可 DELETE。
-- 本文件由 docs/make_staging.py 生成 written by docs/make_staging.py.

CREATE TABLE gw_out (
    id VARCHAR(100) NOT NULL,
    unit_code VARCHAR(32) NOT NULL,
    doc_json LONGTEXT NOT NULL,
    tracking_id VARCHAR(64),
    status VARCHAR(1) NOT NULL DEFAULT 'N',
    retry INTEGER NOT NULL DEFAULT 0,
    err VARCHAR(2000),
    ts VARCHAR(40),
    claimed_by VARCHAR(64),
    PRIMARY KEY (id)
);

CREATE INDEX gw_out_s ON gw_out (unit_code, status);

CREATE TABLE gw_out_file (
    doc_id VARCHAR(100) NOT NULL,
    seq INTEGER NOT NULL,
    kind VARCHAR(20),
    name VARCHAR(255) NOT NULL,
    sha VARCHAR(64),
    blob_data LONGBLOB,
    path VARCHAR(500),
    PRIMARY KEY (doc_id, seq)
);

CREATE TABLE gw_in (
    id VARCHAR(100) NOT NULL,
    unit_code VARCHAR(32) NOT NULL,
    sender VARCHAR(32) NOT NULL,
    sender_name VARCHAR(200),
    envelope_id VARCHAR(64) NOT NULL,
    title VARCHAR(500),
    issued_number VARCHAR(200),
    doc_json LONGTEXT NOT NULL,
    envelope_xml LONGBLOB NOT NULL,
    status VARCHAR(1) NOT NULL DEFAULT 'N',
    retry INTEGER NOT NULL DEFAULT 0,
    err VARCHAR(2000),
    ts VARCHAR(40),
    PRIMARY KEY (id)
);

CREATE INDEX gw_in_s ON gw_in (unit_code, status);

CREATE TABLE gw_in_file (
    doc_id VARCHAR(100) NOT NULL,
    seq INTEGER NOT NULL,
    kind VARCHAR(20),
    name VARCHAR(255) NOT NULL,
    sha VARCHAR(64),
    blob_data LONGBLOB,
    path VARCHAR(500),
    file_size BIGINT,
    PRIMARY KEY (doc_id, seq)
);

CREATE TABLE gw_in_action (
    id VARCHAR(100) NOT NULL,
    unit_code VARCHAR(32) NOT NULL,
    doc_id VARCHAR(100) NOT NULL,
    action VARCHAR(20) NOT NULL,
    person VARCHAR(100),
    reason VARCHAR(40),
    note VARCHAR(2000),
    status VARCHAR(1) NOT NULL DEFAULT 'N',
    retry INTEGER NOT NULL DEFAULT 0,
    err VARCHAR(2000),
    ts VARCHAR(40),
    claimed_by VARCHAR(64),
    PRIMARY KEY (id)
);

CREATE INDEX gw_in_action_s ON gw_in_action (unit_code, status);

CREATE TABLE gw_receipt (
    id VARCHAR(64) NOT NULL,
    unit_code VARCHAR(32) NOT NULL,
    envelope_id VARCHAR(64) NOT NULL,
    sender VARCHAR(32) NOT NULL,
    event VARCHAR(30) NOT NULL,
    event_name VARCHAR(60),
    recipient VARCHAR(32),
    person VARCHAR(100),
    reason VARCHAR(40),
    note VARCHAR(2000),
    happened_at VARCHAR(40),
    doc_json LONGTEXT NOT NULL,
    receipt_xml LONGBLOB NOT NULL,
    status VARCHAR(1) NOT NULL DEFAULT 'N',
    retry INTEGER NOT NULL DEFAULT 0,
    err VARCHAR(2000),
    ts VARCHAR(40),
    PRIMARY KEY (id)
);

CREATE INDEX gw_receipt_s ON gw_receipt (unit_code, status);
